// What the rest of the addon has to know of the watchdog.
#pragma once

// Ends its thread, if there is one, and waits for its end: a fork would not have it.
void EndWatcher();
