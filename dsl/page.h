/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A text that grows as it is written, for output whose length nobody knows before.
 */
#pragma once

#include <stddef.h>

struct page {
    char *bytes; /* always NUL-terminated once something was added */
    size_t length;
    size_t size;
};

void page_add(struct page *page, const char *bytes, size_t length);
void page_say(struct page *page, const char *words);
void page_repeat(struct page *page, const char *what, int times);
void page_free(struct page *page);
