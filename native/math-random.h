// V8's random generators, in a fork of the process that used them.
#pragma once

#include <stddef.h>
#include <v8.h>

#include <vector>

// The contexts whose Math.random is reseeded together with that of the calling context. They are
// held weakly, and replace those of an earlier call.
void RememberContexts(std::vector<v8::Global<v8::Context>> contexts);

// Finds the generator that V8 seeds new contexts from; false for an unknown V8.
bool FindIsolateGenerator(v8::Isolate* isolate);

// Gives it a new state, if it was found by this process or by the one it was forked from. 0, or an
// errno.
int ReseedIsolateGenerator();

// Random bytes from the kernel, not all zero, which V8 takes for a missing state. 0, or an errno.
int FillState(void* state, size_t size);
