/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Structured lines, one event a line: text for people, then KEY=value fields
 * for machines. Four verbs, no levels to argue about. The maker is chosen at
 * link time: log_stderr.c ("<4>text KEY=value", as systemd reads it).
 */
#pragma once

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* debug lines are off until asked for */
void log_set_debug(int is_on);
