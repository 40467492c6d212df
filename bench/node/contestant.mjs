// bench/node/contestant.mjs -- an index of one library for Node.js, asked through a pipe.
//
//     node --expose-gc contestant.mjs flatbush | kdbush | rbush
//
// bench/with_node.c starts it. It says who it is, in one line; then it answers requests until its
// input ends. A request is a line, a verb and two numbers, followed by numbers of 64 bits:
//
//     build COUNT WIDTH     COUNT rows of WIDTH coordinates
//     insert COUNT WIDTH    the same, then COUNT ids
//     remove COUNT 0        COUNT ids
//     windows COUNT SUMS    COUNT windows; answers counts, and if SUMS is 1, sums of ids
//     nearest COUNT K       COUNT points; answers K ids for each, then K squared distances for each
//
// An answer is a line of five numbers, followed by so many bytes as the last one says: nanoseconds
// that passed, nanoseconds of processor time, bytes of the index, the peak of memory in KiB. The
// clock runs while the library works, not while data is turned into the form that it takes.
//
// SPDX-License-Identifier: MIT
import {readFileSync, readSync, writeSync} from 'node:fs';

const kind = process.argv[2];
let index = null; // what was made of the library
let rows = null; // coordinates, as they came
let rowWidth = 0;
let bytes = 0;
let peakKib = 0;

// ---- the libraries ------------------------------------------------------------------------------

function packedBuild(Library, count, width, add) {
    const made = new Library(count);
    for (let i = 0; i < count; i++)
        add(made, i * width);
    made.finish();
    return made;
}

async function flatbushMake() {
    const {default: Flatbush} = await import('flatbush');
    return {
        build: (count, width) =>
            packedBuild(Flatbush, count, width, (made, at) => {
                made.add(rows[at], rows[at + 1], rows[at + width - 2], rows[at + width - 1]);
            }),
        size: () => index.data.byteLength,
        window: (w, at) => index.search(w[at], w[at + 1], w[at + 2], w[at + 3]),
        nearest: (p, at, k) => index.neighbors(p[at], p[at + 1], k),
        id: (found) => found,
    };
}

async function kdbushMake() {
    const {default: KDBush} = await import('kdbush');
    return {
        build: (count, width) =>
            packedBuild(KDBush, count, width, (made, at) => made.add(rows[at], rows[at + 1])),
        size: () => index.data.byteLength,
        window: (w, at) => index.range(w[at], w[at + 1], w[at + 2], w[at + 3]),
        id: (found) => found,
    };
}

async function rbushMake() {
    const {default: RBush} = await import('rbush');
    const {default: knn} = await import('rbush-knn');
    const item = (id, at, width) => ({
        minX: rows[at],
        minY: rows[at + 1],
        maxX: rows[at + width - 2],
        maxY: rows[at + width - 1],
        id,
    });
    index = new RBush();
    return {
        items: (count, width, ids) =>
            Array.from({length: count}, (_, i) => item(ids ? ids[i] : i, i * width, width)),
        build: (count, width, items) => new RBush().load(items),
        insert: (made) => index.insert(made),
        remove: (made) => index.remove(made),
        window: (w, at) =>
            index.search({minX: w[at], minY: w[at + 1], maxX: w[at + 2], maxY: w[at + 3]}),
        nearest: (p, at, k) => knn(index, p[at], p[at + 1], k),
        id: (found) => found.id,
    };
}

const makers = {flatbush: flatbushMake, kdbush: kdbushMake, rbush: rbushMake};
const library = await makers[kind]();

// ---- the pipe -----------------------------------------------------------------------------------

function bytesRead(view) {
    for (let done = 0; done < view.length; ) {
        const got = readSync(0, view, done, view.length - done);
        if (got === 0)
            process.exit(0);
        done += got;
    }
}

function lineRead() {
    const byte = Buffer.alloc(1);
    let line = '';
    for (;;) {
        bytesRead(byte);
        if (byte[0] === 10)
            return line;
        line += String.fromCharCode(byte[0]);
    }
}

function numbersRead(count) {
    const numbers = new Float64Array(count);
    bytesRead(Buffer.from(numbers.buffer));
    return numbers;
}

function idsRead(count) {
    return Array.from(new BigUint64Array(numbersRead(count).buffer), Number);
}

function bytesWrite(view) {
    for (let done = 0; done < view.length; )
        done += writeSync(1, view, done, view.length - done);
}

function answer(times, arrays = []) {
    const size = arrays.reduce((sum, array) => sum + array.byteLength, 0);
    bytesWrite(Buffer.from(`${times.wall} ${times.processor} ${bytes} ${peakKib} ${size}\n`));
    for (const array of arrays)
        bytesWrite(Buffer.from(array.buffer));
}

// Runs `work` and says how long that took.
function timed(work) {
    const processor = process.cpuUsage();
    const start = process.hrtime.bigint();
    work();
    const wall = process.hrtime.bigint() - start;
    const used = process.cpuUsage(processor);
    return {wall, processor: (used.user + used.system) * 1000};
}

// ---- what is asked ------------------------------------------------------------------------------

const items = []; // of RBush, by their ids

function heapBytes() {
    globalThis.gc();
    return process.memoryUsage().heapUsed;
}

function build(count, width) {
    rows = numbersRead(count * width);
    rowWidth = width;
    const before = heapBytes();
    const kibBefore = process.memoryUsage().rss / 1024;
    const made = library.items?.(count, width);
    const times = timed(() => {
        index = library.build(count, width, made);
    });
    peakKib = Math.max(0, Math.round(process.resourceUsage().maxRSS - kibBefore));
    bytes = library.size ? library.size() : heapBytes() - before;
    answer(times);
}

function insert(count, width) {
    rows = numbersRead(count * width);
    rowWidth = width;
    const ids = idsRead(count);
    const before = heapBytes();
    const made = library.items(count, width, ids);
    const times = timed(() => {
        for (const item of made)
            library.insert(item);
    });
    for (const item of made)
        items[item.id] = item;
    bytes += heapBytes() - before;
    answer(times);
}

function remove(count) {
    const gone = idsRead(count).map((id) => items[id]);
    answer(timed(() => {
        for (const item of gone)
            library.remove(item);
    }));
}

function windows(count, hasSums) {
    const asked = numbersRead(4 * count);
    const counts = new Float64Array(count);
    const sums = new Float64Array(hasSums ? count : 0);
    const times = timed(() => {
        for (let i = 0; i < count; i++) {
            const found = library.window(asked, 4 * i);
            counts[i] = found.length;
            for (let j = 0; hasSums && j < found.length; j++)
                sums[i] += library.id(found[j]);
        }
    });
    answer(times, [counts, sums]);
}

function distance(id, x, y) {
    const at = id * rowWidth;
    const dx = Math.max(rows[at] - x, x - rows[at + rowWidth - 2], 0);
    const dy = Math.max(rows[at + 1] - y, y - rows[at + rowWidth - 1], 0);
    return dx * dx + dy * dy;
}

// Distances are computed when the clock no longer runs: the libraries deliver none.
function nearest(count, k) {
    const asked = numbersRead(2 * count);
    const found = new Array(count);
    const ids = new Float64Array(count * k);
    const distances = new Float64Array(count * k);
    const times = timed(() => {
        for (let i = 0; i < count; i++)
            found[i] = library.nearest(asked, 2 * i, k);
    });
    for (let i = 0; i < count; i++) {
        for (let j = 0; j < k; j++) {
            const id = library.id(found[i][j]);
            ids[i * k + j] = id;
            distances[i * k + j] = distance(id, asked[2 * i], asked[2 * i + 1]);
        }
    }
    answer(times, [ids, distances]);
}

const verbs = {build, insert, remove, windows, nearest};

function versionOf(name) {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return JSON.parse(readFileSync(file, 'utf8')).version;
}

bytesWrite(Buffer.from(`${kind} ${versionOf(kind)}, Node.js ${process.versions.node}\n`));
for (;;) {
    const [verb, count, other] = lineRead().split(' ');
    verbs[verb](Number(count), Number(other));
}
