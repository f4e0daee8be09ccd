/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The explanations of codes: built in, taken apart, and as a page; see explain.h. */
#include "dsl/explain.h"

#include <ctype.h>
#include <string.h>

#include "dsl/page.h"
#include "dsl/suggest.h"

/* The longest form of a code, "warning[T0212]:", and some to spare. */
#define WORD_MAX 32

/* The assembler reads each text, and stops the build where there is none. */
#define DIAGNOSTIC(id, code, severity, words)                                                      \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl explain_text_" #id "\n"                                                        \
            ".hidden explain_text_" #id "\n"                                                       \
            "explain_text_" #id ":\n"                                                              \
            ".incbin \"dsl/explain/" code ".txt\"\n"                                               \
            ".byte 0\n"                                                                            \
            ".popsection\n");
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC

#define DIAGNOSTIC(id, code, severity, words)                                                      \
    extern const char explain_text_##id[] __attribute__((visibility("hidden")));
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC

static const struct {
    const char *code;
    enum severity severity;
    const char *text;
} rows[] = {
#define DIAGNOSTIC(id, code, severity, words)                                                      \
    [DIAGNOSTIC_##id] = {code, SEVERITY_##severity, explain_text_##id},
#include "dsl/diagnostic.def"
#undef DIAGNOSTIC
};

/* From there to the end, without the line ends around it. */
static const char *part(struct arena *arena, const char *start, const char *end)
{
    while (start < end && *start == '\n')
        start++;
    while (end > start && end[-1] == '\n')
        end--;
    return arena_strndup(arena, start, (size_t)(end - start));
}

void explain_read(struct arena *arena, enum diagnostic_code code, struct code_page *explanation)
{
    const char *text = rows[code].text;
    const char *end = text + strlen(text);
    const char *first = text + strcspn(text, "\n");
    const char *wrong = strstr(text, "\nwrong:\n");
    const char *right = strstr(text, "\nright:\n");

    right = right ? right : end;
    wrong = wrong ? wrong : right;
    *explanation = (struct code_page){
        .code = rows[code].code,
        .severity = rows[code].severity,
        .title = part(arena, text, first),
        .words = part(arena, first, wrong),
        .wrong = wrong < right ? part(arena, wrong + strlen("\nwrong:\n"), right) : "",
        .right = right < end ? part(arena, right + strlen("\nright:\n"), end) : "",
    };
}

/* The letters and digits of a code, as codes are written: "error[t0212]:" is T0212. */
static void read_code(const char *word, char code[WORD_MAX])
{
    const char *bracket = strchr(word, '[');
    int n = 0;

    for (word = bracket ? bracket + 1 : word; isalnum((unsigned char)*word); word++) {
        if (n < WORD_MAX - 1)
            code[n++] = (char)toupper((unsigned char)*word);
    }
    code[n] = '\0';
}

enum diagnostic_code explain_find(const char *word)
{
    char code[WORD_MAX];

    read_code(word, code);
    for (int i = 0; i < DIAGNOSTIC_CODES; i++) {
        if (strcmp(rows[i].code, code) == 0)
            return (enum diagnostic_code)i;
    }
    return DIAGNOSTIC_CODES;
}

const char *explain_suggest(const char *word)
{
    char code[WORD_MAX];
    struct suggestion suggestion;

    read_code(word, code);
    suggestion = suggestion_for(code);
    for (int i = 0; i < DIAGNOSTIC_CODES; i++)
        suggestion_consider(&suggestion, rows[i].code);
    return suggestion.best;
}

/* Warnings on the way to an error are another matter. */
static void say_judgement(struct page *page, struct arena *arena, const char *example,
                          enum diagnostic_code code)
{
    struct diagnostics *found = explain_judge(arena, example);

    page_say(page, "\n\nis told as\n\n");
    for (int i = 0; i < found->n_list; i++) {
        const struct diagnostic *entry = &found->list[i];

        if (entry->code != code)
            continue;
        page_say(page, arena_printf(arena, "    line %d: %s[%s]: %s\n", entry->at.line,
                                    severity_name(entry->severity),
                                    diagnostic_code_name(entry->code), entry->words));
        if (entry->hint)
            page_say(page, arena_printf(arena, "      = hint: %s\n", entry->hint));
    }
}

static const char *severity_article(enum severity severity)
{
    static const char *const words[] = {
        [SEVERITY_ERROR] = "an error",
        [SEVERITY_WARNING] = "a warning",
        [SEVERITY_INFO] = "for your information",
    };

    return words[severity];
}

char *explain_page(struct arena *arena, enum diagnostic_code code)
{
    struct code_page about;
    struct page page = {0};
    char *text;

    explain_read(arena, code, &about);
    page_say(&page, arena_printf(arena, "%s, %s: %s\n\n%s\n", about.code,
                                 severity_article(about.severity), about.title, about.words));
    if (about.wrong[0]) {
        page_say(&page, "\nwrong:\n\n");
        page_say(&page, about.wrong);
        say_judgement(&page, arena, about.wrong, code);
    }
    if (about.right[0]) {
        page_say(&page, "\nright:\n\n");
        page_say(&page, about.right);
        page_say(&page, "\n");
    }
    text = arena_strndup(arena, page.bytes, page.length);
    page_free(&page);
    return text;
}
