/*
 * core_build - which build of the deciding code this is: 16 hexadecimal digits, a hash of the sources
 * that a transition depends on. Two programs of one build decide alike. It goes into the header
 * "baton-build" of every history record, so that `fsck --replay` knows what it can decide again.
 */
#ifndef BATON_ENGINE_CORE_BUILD_H
#define BATON_ENGINE_CORE_BUILD_H

extern const char core_build[];

#define CORE_BUILD_HEADER "baton-build"

#endif
