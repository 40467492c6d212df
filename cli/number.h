/* cli/number.h -- numbers from text and back, without losing a bit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum number_fault {
    NUMBER_FINE = 0,
    NUMBER_EMPTY,
    NUMBER_NOT,  /* not a number at all; NaN counts as one */
    NUMBER_RANGE /* a number, but too large for the type */
};

/* A decimal number, inf or -inf. Hexadecimal is refused: in a data file it is an accident. */
enum number_fault number_double(const char *text, size_t size, double *out);

/* Decimal digits only, 0 to 2^64-1. */
enum number_fault number_u64(const char *text, size_t size, uint64_t *out);

/* Such as "is not a number", to stand behind the quoted text. */
const char *number_fault_text(enum number_fault fault);

#define NUMBER_TEXT_SIZE 32

/* The shortest text that number_double() reads back as the same double. Gives its size. */
size_t number_text(double value, char text[NUMBER_TEXT_SIZE]);

/* Such as "177 bytes", "8.70 kB" or "3.9 MB": three digits and a unit of powers of 1000. */
const char *number_bytes_text(uint64_t bytes, char text[NUMBER_TEXT_SIZE]);

#endif
