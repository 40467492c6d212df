/* cli/number.c -- numbers from text and back, without losing a bit.
 *
 * Most coordinates in files have few digits. A decimal of at most 15 digits and a power of ten up
 * to 10^22 are both exact doubles, so one multiplication or division rounds once and is right;
 * everything else goes to strtod. The tool never sets a locale, so strtod reads a full stop.
 *
 * SPDX-License-Identifier: MIT
 */
#include "number.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_DIGITS 15
#define EXACT_POWER 22
#define LONGEST_NUMBER 800 /* more digits than any double needs to be told apart */

static const double powers_of_ten[EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [-]digits[.digits] of at most EXACT_DIGITS digits; false for any other text. */
static bool read_short_decimal(const char *text, size_t size, double *out)
{
    uint64_t mantissa = 0;
    size_t i = 0, digits = 0, decimals = 0;
    bool is_negative = text[0] == '-';
    bool has_point = false;
    double value;

    for (i = is_negative ? 1 : 0; i < size && digits <= EXACT_DIGITS; i++) {
        if (text[i] == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (!is_digit(text[i]))
            return false;
        mantissa = mantissa * 10 + (uint64_t)(text[i] - '0');
        digits++;
        decimals += has_point;
    }
    if (digits == 0 || digits > EXACT_DIGITS)
        return false;
    value = (double)mantissa / powers_of_ten[decimals];
    *out = is_negative ? -value : value;
    return true;
}

static bool is_infinity(const char *text, size_t size, double *out)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    const char *name = text + sign;
    size_t name_size = size - sign;

    if (!(name_size == 3 && strncmp(name, "inf", 3) == 0) &&
        !(name_size == 3 && strncmp(name, "Inf", 3) == 0) &&
        !(name_size == 8 && strncmp(name, "infinity", 8) == 0) &&
        !(name_size == 8 && strncmp(name, "Infinity", 8) == 0))
        return false;
    *out = text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
    return true;
}

enum number_fault number_double(const char *text, size_t size, double *out)
{
    char copy[LONGEST_NUMBER + 1];
    char *end;

    if (size == 0)
        return NUMBER_EMPTY;
    if (read_short_decimal(text, size, out) || is_infinity(text, size, out))
        return NUMBER_FINE;
    if (size > LONGEST_NUMBER)
        return NUMBER_NOT;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (strspn(copy, "0123456789+-.eE") != size)
        return NUMBER_NOT;
    errno = 0;
    *out = strtod(copy, &end);
    if (end != copy + size)
        return NUMBER_NOT;
    if (errno == ERANGE && isinf(*out))
        return NUMBER_RANGE;
    return NUMBER_FINE;
}

enum number_fault number_u64(const char *text, size_t size, uint64_t *out)
{
    uint64_t value = 0;

    *out = 0;
    if (size == 0)
        return NUMBER_EMPTY;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]))
            return NUMBER_NOT;
    }
    for (size_t i = 0; i < size; i++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return NUMBER_RANGE;
    }
    *out = value;
    return NUMBER_FINE;
}

const char *number_fault_text(enum number_fault fault)
{
    switch (fault) {
    case NUMBER_FINE:
        return "is a number";
    case NUMBER_EMPTY:
        return "is empty";
    case NUMBER_NOT:
        return "is not a number";
    case NUMBER_RANGE:
        return "is out of range";
    }
    return "is not a number";
}

size_t number_text(double value, char text[NUMBER_TEXT_SIZE])
{
    /* 15 digits are right for most; denormal numbers have fewer to begin with. */
    int digits = isnormal(value) ? 15 : 1;
    int size = 0;

    for (; digits <= 17; digits++) {
        size = snprintf(text, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return (size_t)size;
}

const char *number_bytes_text(uint64_t bytes, char text[NUMBER_TEXT_SIZE])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    unsigned unit = 0;

    for (; value >= 999.5; unit++)
        value /= 1000;
    snprintf(text, NUMBER_TEXT_SIZE, "%.*f %s",
             unit == 0 || value >= 99.95 ? 0
             : value < 9.995             ? 2
                                         : 1,
             value, units[unit]);
    return text;
}
