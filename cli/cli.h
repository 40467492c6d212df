/* cli/cli.h -- the commands of the xtree tool and what each of them may return.
 *
 * Every command is a function of its own command line and gives the exit status of the process.
 * Results go to standard output; messages and progress bars go to standard error.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

enum exit_status {
    EXIT_DONE = 0,
    EXIT_NOT_FOUND = 1, /* no such store or item */
    EXIT_USAGE = 2,     /* the command line, or a command that this store does not allow */
    EXIT_CORRUPT = 3,   /* not a store, or one whose bytes contradict themselves */
    EXIT_SYSTEM = 4,    /* memory, disk, locks */
    EXIT_BAD_DATA = 5   /* the input file */
};

/* argv[0] is the command as messages name it, such as "xtree load". */
int command_create(int argc, char **argv);
int command_load(int argc, char **argv);
int command_query(int argc, char **argv);
int command_nearest(int argc, char **argv);
int command_join(int argc, char **argv);
int command_remove(int argc, char **argv);
int command_stat(int argc, char **argv);
int command_check(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_snapshot(int argc, char **argv);
int command_clean(int argc, char **argv);
int command_copy(int argc, char **argv);
int command_selftest(int argc, char **argv);

#endif
