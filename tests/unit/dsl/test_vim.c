/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Vim syntax file knows every statement of the language, and no other. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdio.h>
#include <string.h>

#include "dsl/syntax.h"

#define TEXT_MAX 65536

static char text[TEXT_MAX];

static int setup(void **state)
{
    FILE *file = fopen("examples/vim/syntax/tenuto.vim", "r");

    (void)state;
    assert_non_null(file);
    text[fread(text, 1, TEXT_MAX - 1, file)] = '\0';
    fclose(file);
    return 0;
}

/* Whether a group of keywords, over its lines that go on, has the word. */
static bool has_keyword(const char *group, const char *word)
{
    char head[64];
    const char *at;
    size_t length = strlen(word);

    snprintf(head, sizeof(head), "syntax keyword %s ", group);
    at = strstr(text, head);
    assert_non_null(at);
    for (at += strlen(head); *at && strncmp(at, "\nsyntax", 7) != 0; at++) {
        if (strncmp(at, word, length) == 0 && strchr(" \n", at[-1]) && strchr(" \n", at[length]))
            return true;
    }
    return false;
}

static const char *group_of(unsigned blocks)
{
    if (blocks & IN_POLICY)
        return "tenutoStatement";
    return blocks & ~(unsigned)(IN_DRILL | IN_DRILL_FILE) ? "tenutoSetting" : "tenutoCommand";
}

static void every_statement_is_a_keyword(void **state)
{
    (void)state;
    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        const char *word = syntax_word((enum syntax_kind)kind);

        /* A word that stands in several blocks is one keyword. */
        if (word && !has_keyword(group_of(syntax_blocks((enum syntax_kind)kind)), word) &&
            !has_keyword("tenutoStatement", word) && !has_keyword("tenutoSetting", word))
            fail_msg("examples/vim/syntax/tenuto.vim does not know \"%s\"", word);
    }
}

static bool is_word_of_a_usage(const char *word)
{
    size_t length = strlen(word);

    for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
        const char *usage = syntax_usage((enum syntax_kind)kind);

        for (const char *at = usage; at && (at = strstr(at, word)); at++) {
            if ((at == usage || !strchr("abcdefghijklmnopqrstuvwxyz-", at[-1])) &&
                (at[length] == '\0' || !strchr("abcdefghijklmnopqrstuvwxyz-", at[length])))
                return true;
        }
    }
    return false;
}

static void no_keyword_is_made_up(void **state)
{
    (void)state;
    for (char *at = text; (at = strstr(at, "syntax keyword ")); at++) {
        char *words = strchr(at + strlen("syntax keyword "), ' ');
        char *end = strstr(words, "\nsyntax");
        static char copy[TEXT_MAX];
        char *rest = NULL;

        snprintf(copy, sizeof(copy), "%.*s", (int)(end - words), words);
        for (char *word = strtok_r(copy, " \n\\", &rest); word;
             word = strtok_r(NULL, " \n\\", &rest)) {
            if (!is_word_of_a_usage(word))
                fail_msg("\"%s\" is no word of the language", word);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_statement_is_a_keyword, setup),
        cmocka_unit_test_setup(no_keyword_is_made_up, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
