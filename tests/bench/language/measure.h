/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processor time of the language, and what is expected of it. */
#pragma once

#include <stdbool.h>

#define REPETITIONS 9

double cpu_ms(void);
/* Sorts the REPETITIONS numbers. */
double median(double *numbers);
/* Levels 1 to 4. */
double check_ms(const char *text, int *n_errors);
/* The language may have learned a rule that a policy of ours does not keep. */
void tell_errors(const char *text);
/* " met", " MISSED", or nothing without a goal. */
const char *verdict(double ms, double goal_ms);

/* Rules of every shape, the worst ones too, and what failures leave behind; false: unexpected. */
bool shapes_measure(bool is_check);
