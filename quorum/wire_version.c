/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which protocol of the ring this build speaks: the one object that two releases differ in.
 * 1.0 at first. 1.1: pushed policies are checked by all members; a store that was set aside.
 */
#include "quorum/wire.h"

#ifndef RING_MAJOR
#define RING_MAJOR 1
#endif
#ifndef RING_MINOR
#define RING_MINOR 1
#endif

const uint16_t wire_major = RING_MAJOR, wire_minor = RING_MINOR;
