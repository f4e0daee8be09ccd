/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line from the terminal, without a buffer that would swallow what is typed ahead. */
#include "console/question.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

bool question_is_possible(const struct output *output)
{
    return output->maker != &output_json && isatty(STDIN_FILENO) && isatty(fileno(output->out));
}

/* One byte; false at the end of the input, or if a signal came (the shell blocks them else). */
static bool read_byte(char *byte)
{
    struct pollfd poller = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t none;

    sigemptyset(&none);
    return ppoll(&poller, 1, NULL, &none) > 0 && read(STDIN_FILENO, byte, 1) == 1;
}

/* The first letter of a line, '\n' of an empty one; 0: there is none any more. */
static char read_answer(void)
{
    char answer = 0, byte = 0;

    while (byte != '\n') {
        if (!read_byte(&byte))
            return 0;
        if (!answer && byte != ' ' && byte != '\t')
            answer = byte;
    }
    return (char)tolower((unsigned char)answer);
}

bool question_read_line(char *line, size_t size)
{
    size_t length = 0;
    char byte = 0;

    while (read_byte(&byte) && byte != '\n') {
        if (length + 1 == size)
            return false;
        line[length++] = byte;
    }
    line[length] = '\0';
    return length > 0 || byte == '\n';
}

char question_ask(struct output *output, const char *words, const char *letters)
{
    char otherwise = letters[strlen(letters) - 1];

    for (;;) {
        char answer;

        fprintf(output->out, "%s ", words);
        fflush(output->out);
        answer = read_answer();
        if (answer == 0)
            fputc('\n', output->out);
        if (answer == 0 || answer == '\n')
            return otherwise;
        if (strchr(letters, answer))
            return answer;
    }
}
