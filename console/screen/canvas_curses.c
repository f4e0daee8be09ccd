/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells on a terminal, keys from it; see canvas_curses.h. */
#include "console/screen/canvas_curses.h"

#include <ncurses.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "console/screen/key.h"
#include "ha/base/arena.h"

/* A person cannot type an escape sequence that fast, and a slow line still delivers one so. */
#define ESCAPE_DELAY_MS 50

struct key_name {
    int curses;
    int press;
};

static const struct key_name key_names[] = {
    {KEY_UP, PRESS_UP},         {KEY_DOWN, PRESS_DOWN},
    {KEY_LEFT, PRESS_LEFT},     {KEY_RIGHT, PRESS_RIGHT},
    {KEY_PPAGE, PRESS_PAGE_UP}, {KEY_NPAGE, PRESS_PAGE_DOWN},
    {KEY_HOME, PRESS_HOME},     {KEY_END, PRESS_END},
    {KEY_BTAB, PRESS_BACK_TAB}, {KEY_BACKSPACE, PRESS_BACKSPACE},
    {KEY_ENTER, PRESS_ENTER},
};

static SCREEN *screen;
static bool has_colour;
static struct cell *shown; /* what the terminal shows, as far as we drew it */
static int shown_rows, shown_columns;
static bool is_torn; /* a terminal that changes its size moves what it shows */

/* What a crash needs to put the terminal right: prepared beforehand, written by a handler. */
static struct termios terminal_before;
static char farewell[256];

static void add_farewell(const char *capability)
{
    const char *sequence = tigetstr(capability);
    size_t length = strlen(farewell);

    if (sequence && sequence != (const char *)-1 && length + strlen(sequence) < sizeof(farewell))
        memcpy(farewell + length, sequence, strlen(sequence) + 1);
}

/* Only calls that a signal handler may make; it is gone by now, so the signal does its work. */
static void on_crash(int number)
{
    ssize_t count = write(STDOUT_FILENO, farewell, strlen(farewell));

    (void)count;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    raise(number);
}

static void catch_crashes(void (*handler)(int))
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}

static void open_colours(void)
{
    start_color();
    use_default_colors();
    for (int style = 0; style < STYLES; style++)
        init_pair((short)(style + 1), (short)theme[style].colour, -1);
}

bool canvas_curses_open(bool in_colour, struct err *err)
{
    const char *terminal = getenv("TERM");

    tcgetattr(STDIN_FILENO, &terminal_before);
    screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return err_set(err,
                       "the terminal \"%s\" is not known here; TERM=xterm suits most, and "
                       "\"tenuto help\" lists the commands that need none",
                       terminal ? terminal : "");
    farewell[0] = '\0';
    add_farewell("sgr0");
    add_farewell("rmkx");
    add_farewell("cnorm");
    add_farewell("rmcup");
    catch_crashes(on_crash);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    curs_set(0);
    has_colour = in_colour && has_colors();
    if (has_colour)
        open_colours();
    return true;
}

void canvas_curses_close(void)
{
    if (!screen)
        return;
    endwin();
    delscreen(screen);
    screen = NULL;
    catch_crashes(SIG_DFL);
    free(shown);
    shown = NULL;
    shown_rows = shown_columns = 0;
}

void canvas_curses_size(int *rows, int *columns)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
    is_torn = true;
    *rows = LINES;
    *columns = COLS;
}

static attr_t attributes_of(uint8_t style)
{
    int wanted = theme[style & ~STYLE_SELECTED].attributes;
    attr_t attributes = A_NORMAL;

    if (wanted & ATTRIBUTE_BOLD)
        attributes |= A_BOLD;
    if ((wanted & ATTRIBUTE_DIM) && !(style & STYLE_SELECTED))
        attributes |= A_DIM;
    if ((wanted & ATTRIBUTE_REVERSE) || (style & STYLE_SELECTED))
        attributes |= A_REVERSE;
    return attributes;
}

static void draw_cell(int row, int column, const struct cell *cell)
{
    wchar_t text[CELL_CODES + 1] = {0};
    short pair = 0;
    cchar_t drawn;

    if (cell->codes[0] == 0)
        return;
    for (int i = 0; i < CELL_CODES; i++)
        text[i] = (wchar_t)cell->codes[i];
    /* A selected row is one even bar: the colours of its parts would tear it apart. */
    if (has_colour && !(cell->style & STYLE_SELECTED))
        pair = (short)(cell->style + 1);
    setcchar(&drawn, text, attributes_of(cell->style), pair, NULL);
    mvadd_wch(row, column, &drawn);
}

static void fit_shown(const struct canvas *canvas)
{
    if (shown_rows == canvas->rows && shown_columns == canvas->columns)
        return;
    free(shown);
    shown_rows = canvas->rows;
    shown_columns = canvas->columns;
    shown = xcalloc((size_t)shown_rows * (size_t)shown_columns, sizeof(struct cell));
}

/* Row by row, because a wide character may share cells with what it replaces. */
void canvas_curses_flush(const struct canvas *canvas, bool anew)
{
    size_t bytes = sizeof(struct cell) * (size_t)canvas->columns;

    anew = anew || is_torn;
    is_torn = false;
    fit_shown(canvas);
    if (anew)
        clearok(curscr, TRUE);
    for (int row = 0; row < canvas->rows; row++) {
        const struct cell *cells = &canvas->cells[row * canvas->columns];
        struct cell *before = &shown[row * canvas->columns];

        if (!anew && memcmp(cells, before, bytes) == 0)
            continue;
        memcpy(before, cells, bytes);
        for (int column = 0; column < canvas->columns; column++)
            draw_cell(row, column, &cells[column]);
    }
    curs_set(canvas->cursor_column >= 0);
    if (canvas->cursor_column >= 0)
        move(canvas->cursor_row, canvas->cursor_column);
    refresh();
}

int canvas_curses_key(void)
{
    wint_t code;
    int kind = get_wch(&code);

    if (kind == ERR)
        return PRESS_NONE;
    if (kind == OK)
        return code == '\n' ? PRESS_ENTER : (int)code;
    for (size_t i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++) {
        if ((int)code == key_names[i].curses)
            return key_names[i].press;
    }
    /* A key that means nothing here, unlike no key at all. */
    return 0;
}
