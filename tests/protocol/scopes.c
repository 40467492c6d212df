/* tests/protocol/scopes.c -- the parts of the protocol that are explored together.
 *
 * All of it at once has too many states. Each scope lets few things vary and those without limit:
 * however often processes die and the power fails, in whatever order.
 *
 * SPDX-License-Identifier: MIT
 */
#include "protocol/model.h"

enum {
    TWO_SYNCS = 1U << WAY_TWO_SYNCS,
    ONE_SYNC = 1U << WAY_ONE_SYNC,
    ORDERED = 1U << WAY_ORDERED,
    ALL_WAYS = TWO_SYNCS | ONE_SYNC | ORDERED,
    DURABLE = TWO_SYNCS | ONE_SYNC,
    UNSYNCED_HEAD = ONE_SYNC | ORDERED,
    NOT_ONE_SYNC = TWO_SYNCS | ORDERED,

    OPEN = 1U << SHAPE_OPEN,
    NEW = 1U << SHAPE_NEW,
    ALL_SHAPES = (1U << SHAPE_COUNT) - 1,
    SPARES = OPEN | 1U << SHAPE_SPARE | 1U << SHAPE_SPAN | 1U << SHAPE_PREPARE,
    COLDS = OPEN | 1U << SHAPE_BESIDE | 1U << SHAPE_COLD | 1U << SHAPE_DROP,
    OPEN_AND_DROP = OPEN | 1U << SHAPE_DROP,
    NEW_AND_DROP = NEW | 1U << SHAPE_DROP,
    OPEN_AND_NEW = OPEN | 1U << SHAPE_NEW_ONLY,
    AHEAD_AND_NEW = 1U << SHAPE_PREPARE | 1U << SHAPE_NEW_ONLY,
};

/* name, always, commits, failed syncs, readers, ways, shapes, what else may happen */
const struct scope scopes[] = {
    {"commits",                         true,  3, 0, 0, ALL_WAYS,      OPEN,          MAY_CLOSE          },
    {"failed-syncs",                    true,  2, 2, 0, ALL_WAYS,      OPEN,          0                  },
    {"rot",                             true,  3, 0, 0, DURABLE,       OPEN,          MAY_CLOSE | MAY_ROT},
    {"unlinks",                         true,  3, 0, 0, TWO_SYNCS,     NEW_AND_DROP,  MAY_DIE            },
    {"kept",                            true,  2, 0, 0, NOT_ONE_SYNC,  OPEN_AND_DROP, MAY_DIE | MAY_KEEP },
    {"readers",                         true,  2, 0, 1, UNSYNCED_HEAD, OPEN,          0                  },
    {"readers-failed-syncs",            true,  1, 1, 1, ALL_WAYS,      OPEN,          0                  },
    {"two-readers",                     false, 1, 0, 2, ALL_WAYS,      OPEN,          0                  },
    {"four-commits",                    false, 4, 0, 0, ALL_WAYS,      OPEN,          0                  },
    {"three-commits-failed-sync",       false, 3, 1, 0, ALL_WAYS,      OPEN,          MAY_CLOSE          },
    {"arenas",                          false, 2, 0, 0, ALL_WAYS,      ALL_SHAPES,    MAY_DIE            },
    {"spare-arenas",                    false, 3, 0, 0, UNSYNCED_HEAD, SPARES,        0                  },
    {"rot-spare-arenas",                false, 4, 0, 0, ONE_SYNC,      SPARES,        MAY_ROT            },
    {"cold-arenas",                     false, 4, 0, 0, UNSYNCED_HEAD, COLDS,         0                  },
    {"rot-cold-arenas",                 false, 4, 0, 0, ONE_SYNC,      COLDS,         MAY_ROT            },
    {"readers-cold-arenas",             false, 2, 0, 1, UNSYNCED_HEAD, COLDS,         0                  },
    {"new-arenas-failed-syncs",         true,  2, 2, 0, TWO_SYNCS,     NEW,           0                  },
    {"arenas-failed-sync",              false, 2, 1, 0, ALL_WAYS,      ALL_SHAPES,    0                  },
    {"unlinks-failed-sync",             false, 3, 1, 0, TWO_SYNCS,     NEW_AND_DROP,  MAY_DIE            },
    {"cold-arenas-failed-sync",         false, 3, 1, 0, UNSYNCED_HEAD, COLDS,         0                  },
    {"kept-failed-sync",                false, 2, 1, 0, NOT_ONE_SYNC,  OPEN_AND_DROP, MAY_DIE | MAY_KEEP },
    {"readers-new-arenas-failed-sync",  false, 2, 1, 1, TWO_SYNCS,     NEW,           0                  },
    {"rot-arenas",                      false, 2, 0, 0, ALL_WAYS,      ALL_SHAPES,    MAY_DIE | MAY_ROT  },
    {"readers-three-commits",           false, 3, 0, 1, ONE_SYNC,      OPEN,          0                  },
    {"readers-two-commits-failed-sync", false, 2, 1, 1, UNSYNCED_HEAD, OPEN,          0                  },
    {"readers-kept",                    false, 1, 0, 1, TWO_SYNCS,     OPEN_AND_DROP, MAY_DIE | MAY_KEEP },
 /* Where mutants are caught. */
    {"small-commits",                   false, 2, 0, 0, ALL_WAYS,      OPEN,          0                  },
    {"small-new-arenas",                false, 2, 0, 0, TWO_SYNCS,     NEW,           0                  },
    {"small-ways-into-arenas",          false, 2, 0, 0, TWO_SYNCS,     AHEAD_AND_NEW, 0                  },
    {"small-rot-new-arenas",            false, 2, 0, 0, DURABLE,       OPEN_AND_NEW,  MAY_ROT            },
    {"small-new-arenas-failed-syncs",   false, 2, 2, 0, DURABLE,       OPEN_AND_NEW,  0                  },
    {"small-three-commits",             false, 3, 0, 0, ALL_WAYS,      OPEN,          0                  },
    {"small-prepared-arenas",           false, 2, 0, 0, TWO_SYNCS,     SPARES,        0                  },
    {"small-failed-sync",               false, 2, 1, 0, ALL_WAYS,      OPEN,          0                  },
    {"small-readers",                   false, 2, 0, 1, ALL_WAYS,      OPEN,          0                  },
    {"small-readers-ordered",           false, 3, 1, 1, ORDERED,       OPEN,          0                  },
    {"small-readers-two-syncs",         false, 1, 1, 1, TWO_SYNCS,     OPEN,          0                  },
    {"small-ordered-arenas",            false, 3, 0, 0, ORDERED,       SPARES,        0                  },
    {"small-rot",                       false, 2, 0, 0, ALL_WAYS,      OPEN,          MAY_ROT            },
    {"small-rot-spare-arenas",          false, 3, 0, 0, ONE_SYNC,      SPARES,        MAY_ROT            },
    {"rot-unlinks",                     false, 3, 0, 0, TWO_SYNCS,     NEW_AND_DROP,  MAY_DIE | MAY_ROT  },
    {"kept-unlinks",                    false, 3, 0, 0, TWO_SYNCS,     NEW_AND_DROP,  MAY_DIE | MAY_KEEP },
    {"small-kept",                      false, 2, 0, 0, TWO_SYNCS,     OPEN,          MAY_KEEP           },
    {"small-kept-ordered",              false, 2, 0, 0, ORDERED,       OPEN,          MAY_KEEP           },
    {"readers-unlinks",                 false, 2, 0, 1, TWO_SYNCS,     NEW_AND_DROP,  MAY_DIE            },
};
const unsigned scope_count = sizeof scopes / sizeof scopes[0];
