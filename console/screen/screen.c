/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop: keys, news and the clock go into the model; the model is drawn
 * when it has changed. Keys are answered at once, news at most so often a
 * second; nothing is drawn when nothing changes but the clock once a second.
 */
#include "console/screen/screen.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agentd/control.h"
#include "console/screen/ask.h"
#include "console/screen/canvas_curses.h"
#include "console/screen/key.h"
#include "console/screen/page.h"
#include "console/screen/update.h"
#include "console/screen/watch.h"
#include "console/when.h"
#include "console/width.h"

/* Keys taken in before the screen is drawn again: a paste must not hold it up. */
#define KEYS_MAX 64

struct screen {
    const struct settings *settings;
    struct model *model;
    struct canvas *canvas;
    struct watch *watch;
    struct ask *ask; /* NULL: no verb was asked, or it is done */
    int signals;     /* a descriptor */
    int64_t drawn_ms;
    int64_t second; /* that the clock showed */
    bool is_changed;
    bool is_urgent; /* somebody pressed a key and waits */
    bool is_over;
    int code;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_signals(sigset_t *before)
{
    static const int numbers[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void resize(struct screen *screen)
{
    int rows, columns;

    canvas_curses_size(&rows, &columns);
    canvas_free(screen->canvas);
    screen->canvas = canvas_new(rows, columns, !width_is_utf8());
    update_size(screen->model, rows, columns);
    screen->is_changed = screen->is_urgent = true;
}

static void show_ask(struct screen *screen)
{
    bool is_running = ask_is_running(screen->ask);

    if (!is_running || ask_is_stream(screen->ask))
        update_result(screen->model, ask_text(screen->ask), is_running, ask_code(screen->ask));
    screen->is_changed = true;
    if (is_running)
        return;
    ask_free(screen->ask);
    screen->ask = NULL;
}

static void cancel_ask(struct screen *screen)
{
    ask_free(screen->ask);
    screen->ask = NULL;
}

static void obey(struct screen *screen, const struct request *request)
{
    switch (request->kind) {
    case REQUEST_NONE: break;
    case REQUEST_RUN:
        cancel_ask(screen);
        screen->ask = ask_new(screen->settings, request->line, monotonic_ms());
        show_ask(screen);
        break;
    case REQUEST_CANCEL: cancel_ask(screen); break;
    case REQUEST_REDRAW: canvas_curses_flush(screen->canvas, true); break;
    case REQUEST_QUIT: screen->is_over = true; break;
    }
}

static void press(struct screen *screen, int key)
{
    struct request request = update_key(screen->model, key);

    obey(screen, &request);
    screen->is_changed = screen->is_urgent = true;
}

static void take_keys(struct screen *screen)
{
    for (int i = 0; i < KEYS_MAX && !screen->is_over; i++) {
        int key = canvas_curses_key();

        if (key == PRESS_NONE)
            return;
        press(screen, key);
    }
}

static void take_signals(struct screen *screen)
{
    struct signalfd_siginfo signal;

    while (read(screen->signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
        if (signal.ssi_signo == SIGWINCH) {
            resize(screen);
        } else if (signal.ssi_signo == SIGINT) {
            press(screen, PRESS_CTRL('C'));
        } else {
            screen->is_over = true;
            screen->code = 128 + (int)signal.ssi_signo;
        }
    }
}

static void take_news(struct screen *screen)
{
    const json_t *picture = NULL;
    int64_t now_ms = monotonic_ms();

    switch (watch_step(screen->watch, now_ms, &picture)) {
    case WATCH_NOTHING: break;
    case WATCH_PICTURE:
        update_picture(screen->model, picture, when_now());
        screen->is_changed = true;
        break;
    case WATCH_AWAY:
        update_away(screen->model, watch_words(screen->watch), when_now());
        screen->is_changed = true;
        break;
    }
    if (screen->ask && ask_step(screen->ask, now_ms))
        show_ask(screen);
}

static void draw(struct screen *screen)
{
    int64_t now_ms = monotonic_ms(), wall_ms = when_now();
    int64_t pause_ms = 1000 / screen->settings->redraws_per_second;

    if (wall_ms / 1000 != screen->second)
        screen->is_changed = true;
    if (!screen->is_changed || (!screen->is_urgent && now_ms - screen->drawn_ms < pause_ms))
        return;
    screen->second = wall_ms / 1000;
    screen->drawn_ms = now_ms;
    screen->is_changed = screen->is_urgent = false;
    update_clock(screen->model, wall_ms);
    page_draw(screen->model, screen->canvas);
    canvas_curses_flush(screen->canvas, false);
}

/* How long nothing has to be done unless something comes in. */
static int idle_ms(const struct screen *screen)
{
    int64_t now_ms = monotonic_ms();
    int64_t wait_ms = 1000 - when_now() % 1000;
    int64_t due_ms = watch_due_ms(screen->watch) - now_ms;
    int64_t pause_ms = screen->drawn_ms + 1000 / screen->settings->redraws_per_second - now_ms;

    if (due_ms < wait_ms)
        wait_ms = due_ms;
    if (screen->is_changed && pause_ms < wait_ms)
        wait_ms = pause_ms;
    return wait_ms < 0 ? 0 : (int)wait_ms + 1;
}

static void run(struct screen *screen)
{
    while (!screen->is_over) {
        struct pollfd pollers[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = screen->signals, .events = POLLIN},
            {.fd = watch_fd(screen->watch), .events = POLLIN},
            {.fd = screen->ask ? ask_fd(screen->ask) : -1, .events = POLLIN},
        };

        draw(screen);
        poll(pollers, sizeof(pollers) / sizeof(pollers[0]), idle_ms(screen));
        take_signals(screen);
        /* The terminal is gone without a word: nobody is left to draw for. */
        if (pollers[0].revents & (POLLHUP | POLLERR))
            screen->is_over = true;
        if (pollers[0].revents & POLLIN)
            take_keys(screen);
        take_news(screen);
    }
}

int screen_run(const struct settings *settings)
{
    struct screen screen = {.settings = settings};
    sigset_t before;
    struct err err;

    if (!canvas_curses_open(settings_want_colour(settings, STDOUT_FILENO), &err)) {
        fprintf(stderr, "tenuto: %s\n", err.text);
        return CONTROL_EXIT_USAGE;
    }
    screen.signals = open_signals(&before);
    screen.model = model_new(1, 1, !width_is_utf8());
    screen.watch = watch_new(settings->socket);
    resize(&screen);
    run(&screen);
    canvas_curses_close();
    ask_free(screen.ask);
    watch_free(screen.watch);
    model_free(screen.model);
    canvas_free(screen.canvas);
    close(screen.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return screen.code;
}
