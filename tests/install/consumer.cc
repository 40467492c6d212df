// tests/install/consumer.cc -- a stranger's program in C++17, with the wrapper.
//
// Makes a store in memory, inserts one point, finds it, and prints one line.
//
// SPDX-License-Identifier: MIT
#include <cstdio>

#include <xtree.hpp>

int main()
{
    xtree::store store = xtree::store::memory(2);
    int count = 0;

    store.insert(7, {13.4, 52.5});
    store.commit();
    for (const xtree::item &item : store.latest().window({13.0, 52.0, 14.0, 53.0}))
        count += item.id == 7;
    std::printf("%s, %d found\n", xt_status_text(XT_OK), count);
    return count == 1 ? 0 : 1;
}
