/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text that grows; see page.h. */
#include "dsl/page.h"

#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"

void page_add(struct page *page, const char *bytes, size_t length)
{
    if (page->length + length + 1 > page->size) {
        page->size = (page->length + length + 1) * 2;
        page->bytes = xrealloc(page->bytes, page->size);
    }
    memcpy(page->bytes + page->length, bytes, length);
    page->length += length;
    page->bytes[page->length] = '\0';
}

void page_say(struct page *page, const char *words)
{
    page_add(page, words, strlen(words));
}

void page_repeat(struct page *page, const char *what, int times)
{
    for (int i = 0; i < times; i++)
        page_say(page, what);
}

void page_free(struct page *page)
{
    free(page->bytes);
    *page = (struct page){0};
}
