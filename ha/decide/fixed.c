/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Division and roots, bit by bit; see fixed.h. */
#include "ha/decide/fixed.h"

#define WIDE_BITS 128

static int bits_of(wide number)
{
    uint64_t high = (uint64_t)(number >> 64), low = (uint64_t)number;

    if (high)
        return WIDE_BITS - __builtin_clzll(high);
    return low ? 64 - __builtin_clzll(low) : 0;
}

uint64_t fixed_divide(wide number, uint64_t by)
{
    uint64_t quotient = 0, rest = 0;

    if (number >> 64 == 0)
        return (uint64_t)number / by;
    for (int bit = bits_of(number) - 1; bit >= 0; bit--) {
        rest = rest << 1 | ((uint64_t)(number >> bit) & 1);
        quotient <<= 1;
        if (rest >= by) {
            rest -= by;
            quotient |= 1;
        }
    }
    return quotient;
}

uint64_t fixed_ratio(uint64_t part, uint64_t whole)
{
    if (part / whole >= FIXED_LOAD_MAX >> FIXED_BITS)
        return FIXED_LOAD_MAX;
    return fixed_divide((wide)part << FIXED_BITS, whole);
}

uint64_t fixed_root(wide square)
{
    uint64_t root = 0;

    for (int bit = (bits_of(square) + 1) / 2 - 1; bit >= 0; bit--) {
        uint64_t tried = root | (uint64_t)1 << bit;

        if (fixed_square(tried) <= square)
            root = tried;
    }
    return root;
}

uint64_t fixed_mean_root(wide squares, int count)
{
    uint64_t by = (uint64_t)count, high = (uint64_t)(squares >> 64) / by;
    uint64_t rest = (uint64_t)(squares >> 64) % by;
    /* Two digits of 64 bits, the second in halves so that no step is longer than 64 bits. */
    uint64_t middle = (rest << 32 | (uint64_t)(squares >> 32 & UINT32_MAX));
    uint64_t low = (middle % by) << 32 | (uint64_t)(squares & UINT32_MAX);

    return fixed_root(((wide)high << 64) + ((wide)(middle / by) << 32) + low / by);
}
