/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a code means, for people who met it in a message: a title, why it matters, what is
 * wrong and what is right. The texts are the files dsl/explain/T0212.txt, built in.
 */
#pragma once

#include <stdbool.h>

#include "dsl/diagnostic.h"

struct code_page {
    const char *code; /* "T0212" */
    enum severity severity;
    const char *title; /* one line, without a full stop */
    const char *words;
    /* Four blanks in front of each line, as they are shown. "": nobody could write one. */
    const char *wrong;
    const char *right;
};

void explain_read(struct arena *arena, enum diagnostic_code code, struct code_page *explanation);
/* "T0212", "t0212", or pasted as it was read: "error[T0212]:"; DIAGNOSTIC_CODES: none of them. */
enum diagnostic_code explain_find(const char *word);
/* The code that was probably meant; NULL: none is near. */
const char *explain_suggest(const char *word);
/* The whole of it as text, with what the checker says to the wrong example. */
char *explain_page(struct arena *arena, enum diagnostic_code code);

/*
 * Checks an example as "policy check" would a file, or "drill run" a drill. What it leaves out
 * is filled in, so that it shows only what it is about: the cluster, three nodes, a watchdog,
 * three services; unless its first line is "# a whole policy". "# home.tenuto" alone on a line
 * begins a file of that name; the last of them is looked at. <E9> is one byte, not UTF-8.
 */
struct diagnostics *explain_judge(struct arena *arena, const char *example);
