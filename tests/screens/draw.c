/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys and news in, a whole screen out, without a terminal. Reads a case from standard input:
 *
 *     size 80x24        the window; a later one resizes it
 *     ascii             a terminal that has nothing else
 *     news FILE         a row of the watch stream, from a file beside the case
 *     away WORDS        the agent does not answer
 *     after 5000        so many milliseconds pass
 *     keys jj w Tab     one after the other; a name or a character
 *     type TEXT         every character a key
 *     says WORDS        what the verb that was asked has to say; \n ends a line
 *     fails 1           it ends with this exit code
 *     screen, styles    prints the screen, or what its cells mean
 *
 * What a key asks for is printed as "# run ...". Lines that open with '#' are printed as they are.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/screen/key.h"
#include "console/screen/page.h"
#include "console/screen/update.h"
#include "console/width.h"
#include "ha/base/json.h"

/* The wall clock when a case begins: 2026-11-22 14:02:11 UTC. */
#define BEGIN_MS 1795356131000

struct key_word {
    const char *name;
    int key;
};

static const struct key_word key_words[] = {
    {"Up", PRESS_UP},          {"Down", PRESS_DOWN},  {"PgUp", PRESS_PAGE_UP},
    {"PgDn", PRESS_PAGE_DOWN}, {"Tab", PRESS_TAB},    {"Backtab", PRESS_BACK_TAB},
    {"Enter", PRESS_ENTER},    {"Esc", PRESS_ESCAPE}, {"Backspace", PRESS_BACKSPACE},
    {"Home", PRESS_HOME},      {"End", PRESS_END},    {"Space", ' '},
    {"^C", PRESS_CTRL('C')},
};

static struct model *model;
static int64_t now_ms = BEGIN_MS;

static void press(int key)
{
    static const char *const kinds[] = {"", "run", "cancel", "redraw", "quit"};
    struct request request = update_key(model, key);

    if (request.kind != REQUEST_NONE)
        printf("# %s%s%s\n", kinds[request.kind], request.line[0] ? " " : "", request.line);
}

static void type(const char *text)
{
    while (*text)
        press((int)width_next(&text));
}

static void press_words(char *words)
{
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        bool is_named = false;

        for (size_t i = 0; i < sizeof(key_words) / sizeof(key_words[0]); i++) {
            if (strcmp(key_words[i].name, word) == 0) {
                press(key_words[i].key);
                is_named = true;
            }
        }
        if (!is_named)
            type(word);
    }
}

static void show(bool has_styles)
{
    struct canvas *canvas = canvas_new(model->rows, model->columns, model->is_ascii);

    page_draw(model, canvas);
    if (has_styles)
        canvas_text_write_styles(stdout, canvas);
    else
        canvas_text_write(stdout, canvas);
    if (canvas->cursor_column >= 0)
        printf("# cursor at %d,%d\n", canvas->cursor_row, canvas->cursor_column);
    canvas_free(canvas);
}

static bool take_news(const char *file)
{
    json_error_t problem;
    json_t *row = json_load_file(file, 0, &problem);

    if (!row) {
        fprintf(stderr, "%s:%d: %s\n", file, problem.line, problem.text);
        return false;
    }
    json_object_set_new(row, "now", json_integer(now_ms));
    update_picture(model, row, now_ms);
    json_decref(row);
    return true;
}

static void take_words(char *words, bool is_running, int code)
{
    char *to = words;

    for (const char *from = words; *from; from++) {
        if (from[0] == '\\' && from[1] == 'n') {
            *to++ = '\n';
            from++;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    update_result(model, words, is_running, code);
}

static void set_size(const char *words)
{
    int rows = 24, columns = 80;

    if (sscanf(words, "%dx%d", &columns, &rows) == 2)
        update_size(model, rows, columns);
}

/* false: the case is wrong. */
static bool obey(const char *word, char *rest)
{
    if (strcmp(word, "size") == 0) {
        set_size(rest);
    } else if (strcmp(word, "ascii") == 0) {
        model->is_ascii = true;
    } else if (strcmp(word, "news") == 0) {
        return take_news(rest);
    } else if (strcmp(word, "away") == 0) {
        update_away(model, rest, now_ms);
    } else if (strcmp(word, "after") == 0) {
        now_ms += strtoll(rest, NULL, 10);
        update_clock(model, now_ms);
    } else if (strcmp(word, "keys") == 0) {
        press_words(rest);
    } else if (strcmp(word, "type") == 0) {
        type(rest);
    } else if (strcmp(word, "says") == 0) {
        take_words(rest, false, 0);
    } else if (strcmp(word, "fails") == 0) {
        take_words(strchr(rest, ' ') ? strchr(rest, ' ') + 1 : rest, false,
                   (int)strtol(rest, NULL, 10));
    } else if (strcmp(word, "screen") == 0 || strcmp(word, "styles") == 0) {
        show(word[1] == 't');
    } else {
        return false;
    }
    return true;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    int code = 0;

    setlocale(LC_ALL, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    model = model_new(24, 80, false);
    update_clock(model, now_ms);
    while (code == 0 && getline(&line, &size, stdin) > 0) {
        char *rest;

        line[strcspn(line, "\n")] = '\0';
        rest = strchr(line, ' ');
        if (line[0] == '#' || line[0] == '\0') {
            puts(line);
            continue;
        }
        if (rest)
            *rest++ = '\0';
        if (!obey(line, rest ? rest : line + strlen(line))) {
            fprintf(stderr, "cannot do \"%s\"\n", line);
            code = 1;
        }
    }
    free(line);
    model_free(model);
    return code;
}
