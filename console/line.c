/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and quotes; see line.h. */
#include "console/line.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies one word without its quotes; returns where it ended, NULL if a quote is not closed. */
static const char *take_word(const char *at, char **to)
{
    char quote = '\0';

    for (; *at && (quote || !is_blank(*at)); at++) {
        if (quote && *at == quote)
            quote = '\0';
        else if (!quote && (*at == '"' || *at == '\''))
            quote = *at;
        else if (*at == '\\' && quote != '\'' && at[1] != '\0')
            *(*to)++ = *++at;
        else
            *(*to)++ = *at;
    }
    *(*to)++ = '\0';
    return quote ? NULL : at;
}

bool line_split(struct line *line, const char *text, struct err *err)
{
    /* A word is never longer than what it was typed as, and its NUL takes a blank's place. */
    char *to = xcalloc(strlen(text) + 2, 1);

    *line = (struct line){.bytes = to};
    for (;;) {
        while (is_blank(*text))
            text++;
        if (*text == '\0' || *text == '#')
            return true;
        if (line->n_words == LINE_WORDS_MAX)
            return err_set(err, "more than %d words on a line", LINE_WORDS_MAX);
        line->words[line->n_words++] = to;
        text = take_word(text, &to);
        if (!text)
            return err_set(err, "a quote is opened and not closed");
    }
}

void line_fini(struct line *line)
{
    free(line->bytes);
    line->bytes = NULL;
    line->n_words = 0;
}
