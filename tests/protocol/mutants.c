/* tests/protocol/mutants.c -- the protocol without one of its rules, and where that shows.
 *
 * SPDX-License-Identifier: MIT
 */
#include "protocol/model.h"

const struct mutant mutants[] = {
    {"data-sync-dropped",               RULE_DATA_SYNC,           "small-commits"                },
    {"head-before-data",                RULE_HEAD_AFTER_DATA,     "small-commits"                },
    {"head-not-synced",                 RULE_HEAD_SYNC,           "small-new-arenas"             },
    {"slot-of-the-last-commit",         RULE_SLOTS_IN_TURN,       "small-commits"                },
    {"extent-hash-not-checked",         RULE_EXTENT_HASH,         "small-commits"                },
    {"chain-hash-not-checked",          RULE_CHAIN_HASH,          "small-three-commits"          },
    {"manifest-not-named-by-hash",      RULE_MANIFEST_CHECKED,    "small-ways-into-arenas"       },
    {"next-manifest-stays",             RULE_NEXT_REMOVED,        "small-new-arenas-failed-syncs"},
    {"manifest-that-no-slot-names",     RULE_NAMED_MANIFEST,      "new-arenas-failed-syncs"      },
    {"folder-not-synced-after-arena",   RULE_FOLDER_SYNC,         "small-new-arenas"             },
    {"manifest-not-synced",             RULE_MANIFEST_SYNC,       "small-new-arenas"             },
    {"spare-arena-not-synced",          RULE_HEADER_SYNC,         "small-prepared-arenas"        },
    {"tail-not-written-again",          RULE_TAIL_SYNC,           "small-commits"                },
    {"tail-only-synced-again",          RULE_TAIL_REWRITE,        "small-failed-sync"            },
    {"loose-slot-of-another-boot",      RULE_LOOSE_BOOT,          "small-readers"                },
    {"one-loose-slot-left",             RULE_LOOSE_BOTH,          "small-readers-ordered"        },
    {"loose-slots-erased",              RULE_LOOSE_MARK,          "small-readers-two-syncs"      },
    {"own-files-synced-only",           RULE_ALL_FILES_SYNC,      "small-ordered-arenas"         },
    {"sync-tried-again",                RULE_POISON,              "small-failed-sync"            },
    {"vouches-for-what-is-not-durable", RULE_VOUCH_HONESTLY,      "small-commits"                },
    {"tail-not-scanned",                RULE_SCAN,                "small-rot"                    },
    {"one-arena-scanned",               RULE_SCAN_ALL,            "small-rot-spare-arenas"       },
    {"unlink-before-head-sync",         RULE_UNLINK_AFTER_HEAD,   "rot-unlinks"                  },
    {"unlink-one-generation-early",     RULE_UNLINK_GENERATION,   "rot-unlinks"                  },
    {"manifest-removed-early",          RULE_MANIFEST_GENERATION, "rot-unlinks"                  },
    {"kept-snapshot-pins-nothing",      RULE_PINNED,              "kept-unlinks"                 },
    {"keep-without-folder-sync",        RULE_KEEP_FOLDER_SYNC,    "small-kept"                   },
    {"keep-without-file-sync",          RULE_KEEP_FILE_SYNC,      "small-kept"                   },
    {"keep-what-is-not-durable",        RULE_KEEP_DURABLE,        "small-kept-ordered"           },
    {"drop-without-folder-sync",        RULE_DROP_FOLDER_SYNC,    "small-kept"                   },
    {"leftovers-removed-first",         RULE_LEFTOVERS_LAST,      "rot-unlinks"                  },
    {"leftovers-stay",                  RULE_LEFTOVERS,           "small-new-arenas"             },
    {"reader-gives-up",                 RULE_READER_RETRY,        "readers-unlinks"              },
    {"reader-reads-head-once",          RULE_READER_READS_AGAIN,  "small-readers-two-syncs"      },
    {"reader-ignores-loose-slots",      RULE_READER_LOOSE,        "small-readers-two-syncs"      },
    {"reader-trusts-a-loose-slot",      RULE_READER_LOOSE_AGAIN,  "small-readers-ordered"        },
    {"reader-ignores-the-chain",        RULE_READER_CHAIN,        "small-readers"                },
    {"refresh-over-a-cut-chain",        RULE_REFRESH_CHAIN,       "small-readers-ordered"        },
    {"refresh-stays-ahead",             RULE_REFRESH_OLDER,       "small-readers-ordered"        },
    {"refresh-compares-txn-only",       RULE_REFRESH_HASH,        "small-readers-ordered"        },
};
const unsigned mutant_count = sizeof mutants / sizeof mutants[0];
