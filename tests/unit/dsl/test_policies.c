/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every text in tests/policies and examples: what it says is expected, and nothing else, is
 * reported; and formatting it changes neither its words nor its meaning. An expectation is
 * a comment, "# expect: error[T0212] words = hint: words", for its own line or, when it is
 * alone on a line, for the next one. A text without expectations has nothing wrong.
 */
#include "tests/unit/dsl/dsl_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/lexer.h"

#define FILES_MAX 2048
/* Fewer would leave slips untried that people make every day. */
#define WRONG_LEAST 150
#define RIGHT_LEAST 40
#define EXPECTATIONS_MAX 32
#define TEXT_MAX (1 << 16)

static int n_wrong, n_right, n_laid_out, n_replaced;
static bool is_met[DIAGNOSTIC_CODES];

/* What no policy by itself can show: files of drills, a whole text's length, losses of nodes. */
static const enum diagnostic_code met_elsewhere[] = {
    DIAGNOSTIC_TEXT_TOO_LONG,   DIAGNOSTIC_NO_FILE,        DIAGNOSTIC_POLICY_IS_WRONG,
    DIAGNOSTIC_NO_DRILL_POLICY, DIAGNOSTIC_TIME_RUNS_BACK, DIAGNOSTIC_OTHER_NODES,
    DIAGNOSTIC_RULES_SET_ASIDE, DIAGNOSTIC_DRILL_BROKEN,   DIAGNOSTIC_DRILL_UNFINISHED,
    DIAGNOSTIC_NOT_A_DRILL,     DIAGNOSTIC_NO_PLACE,       DIAGNOSTIC_LEFT_BEHIND,
    DIAGNOSTIC_OVERLOADED,
};

struct expectation {
    int line;
    char *words;
};

static char *read_file(struct arena *arena, const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = arena_alloc(arena, TEXT_MAX);

    if (!file)
        fail_msg("cannot open %s", path);
    *length = fread(text, 1, TEXT_MAX - 1, file);
    fclose(file);
    return text;
}

static bool is_alone(const char *text, const char *comment)
{
    while (comment > text && (comment[-1] == ' ' || comment[-1] == '\t'))
        comment--;
    return comment == text || comment[-1] == '\n';
}

static int line_of(const char *text, const char *place)
{
    int line = 1;

    for (; text < place; text++)
        line += *text == '\n';
    return line;
}

static int read_expectations(struct arena *arena, const char *text, struct expectation *list)
{
    int n_list = 0;

    for (const char *at = strstr(text, "# expect: "); at; at = strstr(at + 1, "# expect: ")) {
        const char *words = at + strlen("# expect: ");
        const char *next = strchr(words, '\n');
        int line = line_of(text, at);

        assert_true(n_list < EXPECTATIONS_MAX);
        list[n_list].words = arena_strndup(arena, words, strcspn(words, "\r\n"));
        /* Several may stand one above the other, all for the same line. */
        for (; is_alone(text, at) && next; next = strchr(next + 1, '\n')) {
            line++;
            if (strncmp(next + 1 + strspn(next + 1, " \t"), "# expect: ", 10) != 0)
                break;
        }
        list[n_list++].line = line;
    }
    return n_list;
}

static const char *shown(struct arena *arena, const struct diagnostic *entry)
{
    return arena_printf(arena, "%s[%s] %s%s%s", severity_name(entry->severity),
                        diagnostic_code_name(entry->code), entry->words,
                        entry->hint ? " = hint: " : "", entry->hint ? entry->hint : "");
}

static void check_expectations(const struct compiled *compiled, const char *path, const char *text)
{
    struct expectation list[EXPECTATIONS_MAX];
    int n_list = read_expectations(compiled->arena, text, list);
    struct diagnostics *diagnostics = compiled->diagnostics;

    for (int i = 0; i < diagnostics->n_list; i++) {
        const char *said = shown(compiled->arena, &diagnostics->list[i]);
        int k = 0;

        while (k < n_list &&
               (list[k].line != diagnostics->list[i].at.line || strcmp(list[k].words, said) != 0))
            k++;
        if (k == n_list)
            fail_msg("%s:%d: not expected: %s", path, diagnostics->list[i].at.line, said);
        list[k].line = -1;
    }
    for (int i = 0; i < n_list; i++) {
        if (list[i].line != -1)
            fail_msg("%s:%d: expected and not said: %s", path, list[i].line, list[i].words);
    }
    assert_int_equal(compiled->is_right, diagnostics->n_errors == 0);
}

static bool is_said_at(const struct diagnostics *diagnostics, const struct diagnostic *entry)
{
    for (int i = 0; i < diagnostics->n_list; i++) {
        if (diagnostics->list[i].code == entry->code &&
            diagnostics->list[i].at.offset == entry->at.offset)
            return true;
    }
    return false;
}

/* What a message offers to put there is no worse than what stands there: it is not said again. */
static void check_replacements(const struct compiled *compiled, const char *path, const char *text)
{
    for (int i = 0; i < compiled->diagnostics->n_list; i++) {
        const struct diagnostic *entry = &compiled->diagnostics->list[i];
        struct compiled again;

        if (!entry->replace)
            continue;
        again =
            compile_text(arena_printf(compiled->arena, "%.*s%s%s", entry->at.offset, text,
                                      entry->replace, text + entry->at.offset + entry->at.length));
        if (is_said_at(again.diagnostics, entry))
            fail_msg("%s:%d: \"%s\" does not help: %s", path, entry->at.line, entry->replace,
                     entry->words);
        n_replaced++;
        compiled_free(&again);
    }
}

/* The tokens that mean something, one a line; a comma before "then" may be put in. */
static char *words_of(struct arena *arena, const char *text)
{
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    struct tokens tokens;
    char *words = arena_alloc(arena, 2 * strlen(text) + 2);
    size_t n = 0;

    diagnostics_init(diagnostics, arena, "", text, strlen(text));
    tokens = lexer_run(diagnostics);
    for (int i = 0; i < tokens.n_list; i++) {
        const struct token *token = &tokens.list[i];
        int length = token->length;

        if (token->kind == TOKEN_BLANK || token->kind == TOKEN_NEWLINE ||
            token->kind == TOKEN_SEMICOLON || token->kind == TOKEN_COMMA)
            continue;
        while (token->kind == TOKEN_COMMENT && strchr(" \t\r", text[token->offset + length - 1]))
            length--;
        memcpy(words + n, text + token->offset, (size_t)length);
        n += (size_t)length;
        words[n++] = '\n';
    }
    return words;
}

static bool is_unreadable(const struct diagnostics *diagnostics)
{
    for (int i = 0; i < diagnostics->n_list; i++) {
        if (strncmp(diagnostic_code_name(diagnostics->list[i].code), "T01", 3) == 0)
            return true;
    }
    return false;
}

static void check_format(const struct compiled *compiled, const char *path, const char *text,
                         size_t length)
{
    struct arena *arena = compiled->arena;
    struct diagnostics *diagnostics = arena_alloc(arena, sizeof(*diagnostics));
    char *once = policy_format(arena, path, text, length, diagnostics);
    struct compiled again;
    char *twice;

    /* Only what cannot be read has no layout; what is merely meant wrongly has one. */
    assert_int_equal(once == NULL, is_unreadable(compiled->diagnostics));
    if (!once)
        return;
    n_laid_out++;
    twice = policy_format(arena, path, once, strlen(once), diagnostics);
    assert_non_null(twice);
    assert_string_equal(once, twice);
    assert_string_equal(words_of(arena, text), words_of(arena, once));
    again = compile_text(once);
    assert_int_equal(again.is_right, compiled->is_right);
    assert_int_equal(again.diagnostics->n_list, compiled->diagnostics->n_list);
    assert_string_equal(policy_as_text(arena, compiled->policy),
                        policy_as_text(arena, again.policy));
    compiled_free(&again);
}

static void the_text_is_judged_as_it_says(void **state)
{
    const char *path = *state;
    struct arena *arena = arena_new();
    size_t length;
    char *text = read_file(arena, path, &length);
    struct compiled compiled = compile_bytes(text, length);

    for (int i = 0; i < compiled.diagnostics->n_list; i++)
        is_met[compiled.diagnostics->list[i].code] = true;
    if (compiled.diagnostics->n_list > 0)
        n_wrong++;
    else
        n_right++;
    check_expectations(&compiled, path, text);
    check_replacements(&compiled, path, text);
    check_format(&compiled, path, text, length);
    compiled_free(&compiled);
    arena_free(arena);
}

static int add_files(struct CMUnitTest *tests, int n_tests, const char *folder)
{
    struct dirent **entries;
    int n_entries = scandir(folder, &entries, NULL, alphasort);

    for (int i = 0; i < n_entries; i++) {
        const char *name = entries[i]->d_name;
        size_t length = strlen(name);
        char *path;

        /* One left out in silence would be a test that cannot fail. */
        if (n_tests == FILES_MAX) {
            fprintf(stderr, "%s has more files than the test can hold\n", folder);
            exit(1);
        }
        if (length > 7 && strcmp(name + length - 7, ".tenuto") == 0 &&
            asprintf(&path, "%s/%s", folder, name) > 0) {
            tests[n_tests].name = path;
            tests[n_tests].test_func = the_text_is_judged_as_it_says;
            tests[n_tests++].initial_state = path;
        }
        free(entries[i]);
    }
    if (n_entries >= 0)
        free(entries);
    return n_tests;
}

static void there_are_enough_of_both(void **state)
{
    (void)state;
    print_message(
        "%d policies are wrong in some way, %d are right; %d were laid out anew, %d mended\n",
        n_wrong, n_right, n_laid_out, n_replaced);
    assert_true(n_wrong >= WRONG_LEAST);
    assert_true(n_right >= RIGHT_LEAST);
}

static void each_code_is_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(met_elsewhere) / sizeof(met_elsewhere[0]); i++) {
        assert_false(is_met[met_elsewhere[i]]);
        is_met[met_elsewhere[i]] = true;
    }
    for (int code = 0; code < DIAGNOSTIC_CODES; code++) {
        if (!is_met[code])
            fail_msg("no policy in tests/policies has the slip %s",
                     diagnostic_code_name((enum diagnostic_code)code));
    }
}

int main(void)
{
    static struct CMUnitTest tests[FILES_MAX + 2];
    int n_tests = add_files(tests, 0, "tests/policies");
    int n_failed;

    n_tests = add_files(tests, n_tests, "examples");
    tests[n_tests] = (struct CMUnitTest)cmocka_unit_test(there_are_enough_of_both);
    tests[n_tests + 1] = (struct CMUnitTest)cmocka_unit_test(each_code_is_met);
    n_failed = _cmocka_run_group_tests("policies", tests, (size_t)n_tests + 2, NULL, NULL);
    for (int i = 0; i < n_tests; i++)
        free(tests[i].initial_state);
    return n_failed;
}
