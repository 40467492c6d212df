/* fuzz/fuzz.h -- what every harness gives: one input to run, and inputs to begin with.
 *
 * With libFuzzer LLVMFuzzerTestOneInput() is called by the fuzzer; in every other build by
 * replay.c, which runs the files of a corpus, and inputs that it makes itself from the seeds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the seed of that number and returns its size, at most `capacity`; 0: there are no more. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity);

#endif
