// The functions that each file contributes to the addon. module.cc gives them their JavaScript
// names; lib/system/native.ts documents them.
#pragma once

#include <v8.h>

using Callback = void(const v8::FunctionCallbackInfo<v8::Value>& info);

// fork.cc
Callback Fork, ForkSibling, ActiveRequests;
// mappings.cc
Callback RememberMappings;
// exit.cc
Callback ExitWithoutShutdown;
// entropy.cc
Callback PrepareMathRandom, ReseedMathRandom;
// Called when the addon is loaded, before a program can replace Math.random.
void FindMathRandom(v8::Isolate* isolate, v8::Local<v8::Context> context);
// heap.cc
Callback InstancesOf;
// delay-monitors.cc
Callback LearnDelayMonitor, TickDelayMonitors;
// scripts.cc
Callback CallerScripts, ScriptOf;
// messages.cc
Callback Receive, IsReadable, Send, SocketPair, WitnessPair, Sender;
// listeners.cc
Callback ListenTcp, ListenUnix;
// descriptors.cc
Callback BoundPort, FindListener, ReplaceDescriptor, DuplicateDescriptor, CloseDescriptor,
    LockDescriptor;
// connections.cc
Callback ConnectionsOf, EndReading;
// dead-ends.cc
Callback CutConnections, GiveUpConnecting;
// Called when the addon is loaded, before the app is.
void RememberInherited();
// exec.cc
Callback Exec, MemoryFile, CloseOnExec, HoldSignals, ReleaseSignals;
// environment.cc
Callback EraseVariable;
// children.cc
Callback BecomeSubreaper, DieWithMonitor, LeadProcessGroup, Reap, PeekEndedChild, IsChild,
    SignalChild, Pid;
// watchdog.cc
Callback StartWatchdog, StopWatchdog, AskForStack;
// service-manager.cc
Callback Notify, AdoptListener;
