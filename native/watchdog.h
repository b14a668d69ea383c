// The part of the watchdog that the rest of the addon uses.
#pragma once

// Ends its thread, if there is one, and joins it: a fork would not have it.
void EndWatcher();
