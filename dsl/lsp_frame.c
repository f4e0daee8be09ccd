/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Framing of the language server protocol; see lsp_frame.h. */
#include "dsl/lsp_frame.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ha/base/arena.h"
#include "ha/base/limits.h"

/* Two short lines are usual; what is longer is no header of this protocol. */
#define HEADER_MAX 4096

static void drop(struct lsp_frame *frame, size_t length)
{
    frame->length -= length;
    memmove(frame->bytes, frame->bytes + length, frame->length);
}

void lsp_frame_feed(struct lsp_frame *frame, const char *bytes, size_t length)
{
    size_t skipped = frame->skip < length ? frame->skip : length;

    frame->skip -= skipped;
    bytes += skipped;
    length -= skipped;
    if (length == 0 || frame->is_broken)
        return;
    if (frame->length + length > frame->size) {
        frame->size = 2 * (frame->length + length);
        frame->bytes = xrealloc(frame->bytes, frame->size);
    }
    memcpy(frame->bytes + frame->length, bytes, length);
    frame->length += length;
}

/* The number behind "Content-Length:"; false if the line has none that a size can hold. */
static bool read_length(const char *at, const char *end, size_t *length)
{
    bool has_digit = false;

    *length = 0;
    while (at < end && *at == ' ')
        at++;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (*length > (size_t)1 << 40)
            return false;
        *length = *length * 10 + (size_t)(*at - '0');
        has_digit = true;
    }
    while (at < end && *at == ' ')
        at++;
    return has_digit && at == end;
}

static bool read_headers(const char *at, const char *end, size_t *length)
{
    static const char name[] = "Content-Length:";
    bool is_found = false;

    while (at < end) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);

        line = line ? line : end;
        if ((size_t)(line - at) > sizeof(name) - 1 &&
            strncasecmp(at, name, sizeof(name) - 1) == 0) {
            if (is_found || !read_length(at + sizeof(name) - 1, line, length))
                return false;
            is_found = true;
        }
        at = line + 2;
    }
    return is_found;
}

static enum lsp_frame_event broken(struct lsp_frame *frame)
{
    frame->is_broken = true;
    frame->length = 0;
    return LSP_FRAME_BROKEN;
}

static enum lsp_frame_event pass_over(struct lsp_frame *frame, size_t length)
{
    size_t here = length < frame->length ? length : frame->length;

    frame->skip = length - here;
    drop(frame, here);
    return LSP_FRAME_TOO_LONG;
}

enum lsp_frame_event lsp_frame_next(struct lsp_frame *frame, const char **text, size_t *length)
{
    const char *end;
    size_t header;

    drop(frame, frame->taken);
    frame->taken = 0;
    if (frame->is_broken || frame->length == 0)
        return LSP_FRAME_MORE;
    end = memmem(frame->bytes, frame->length, "\r\n\r\n", 4);
    if (!end)
        return frame->length > HEADER_MAX ? broken(frame) : LSP_FRAME_MORE;
    if (end - frame->bytes > HEADER_MAX || !read_headers(frame->bytes, end, length))
        return broken(frame);
    header = (size_t)(end - frame->bytes) + 4;
    if (*length > LSP_MESSAGE_MAX)
        return pass_over(frame, header + *length);
    if (frame->length - header < *length)
        return LSP_FRAME_MORE;
    *text = frame->bytes + header;
    frame->taken = header + *length;
    return LSP_FRAME_MESSAGE;
}

void lsp_frame_fini(struct lsp_frame *frame)
{
    free(frame->bytes);
    *frame = (struct lsp_frame){0};
}
