/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers with a fraction, without floating point: the same everywhere, and two
 * that are alike by symmetry are equal. A fixed number is an integer of units of
 * 2^-40, so it is exact to twelve decimals; loads stay below 2^9 (a node with five
 * hundred times what it has), so squares of loads fit twice over into a wide one.
 */
#pragma once

#include <stdint.h>

#define FIXED_BITS 40
#define FIXED_ONE ((uint64_t)1 << FIXED_BITS)
#define FIXED_LOAD_MAX (FIXED_ONE << 9)

typedef unsigned __int128 wide;

static inline wide fixed_square(uint64_t number)
{
    return (wide)number * number;
}

/* By hand: the compiler would call into its library. The divisor is below 2^63. */
uint64_t fixed_divide(wide number, uint64_t by);
/* part / whole as a fixed number, at most FIXED_LOAD_MAX. */
uint64_t fixed_ratio(uint64_t part, uint64_t whole);
/* The root of the mean of so many squares of fixed numbers. */
uint64_t fixed_mean_root(wide squares, int count);
/* The root of a square of fixed numbers is one. */
uint64_t fixed_root(wide square);
