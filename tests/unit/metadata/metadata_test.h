/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder with agents in it, which are short shell scripts. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct folder {
    char path[64];
};

void folder_open(struct folder *folder);
void folder_close(struct folder *folder);
/* The folders on the way are made, too; returns its path until the next call. */
const char *folder_write(const struct folder *folder, const char *name, const char *text);
/* An executable one: "#!/bin/sh", then the text. */
const char *folder_write_agent(const struct folder *folder, const char *name, const char *text);
/* -1: there is none of that name. */
int folder_count_lines(const struct folder *folder, const char *name);
