// The exports of the addon, and its initialisation.
#include <malloc.h>
#include <node.h>

#include "exports.h"

namespace {

void CollectGarbage(const v8::FunctionCallbackInfo<v8::Value>& info) {
  info.GetIsolate()->LowMemoryNotification();
}

void TrimMalloc(const v8::FunctionCallbackInfo<v8::Value>&) { malloc_trim(0); }

const struct {
  const char* name;
  Callback* callback;
} functions[] = {
    {"fork", Fork},
    {"forkSibling", ForkSibling},
    {"activeRequests", ActiveRequests},
    {"rememberMappings", RememberMappings},
    {"exitWithoutShutdown", ExitWithoutShutdown},
    {"prepareMathRandom", PrepareMathRandom},
    {"reseedMathRandom", ReseedMathRandom},
    {"instancesOf", InstancesOf},
    {"learnDelayMonitor", LearnDelayMonitor},
    {"tickDelayMonitors", TickDelayMonitors},
    {"callerScripts", CallerScripts},
    {"scriptOf", ScriptOf},
    {"collectGarbage", CollectGarbage},
    {"trimMalloc", TrimMalloc},
    {"receive", Receive},
    {"isReadable", IsReadable},
    {"send", Send},
    {"socketPair", SocketPair},
    {"witnessPair", WitnessPair},
    {"sender", Sender},
    {"listenTcp", ListenTcp},
    {"listenUnix", ListenUnix},
    {"boundPort", BoundPort},
    {"findListener", FindListener},
    {"connectionsOf", ConnectionsOf},
    {"endReading", EndReading},
    {"cutConnections", CutConnections},
    {"giveUpConnecting", GiveUpConnecting},
    {"replaceDescriptor", ReplaceDescriptor},
    {"duplicateDescriptor", DuplicateDescriptor},
    {"closeDescriptor", CloseDescriptor},
    {"lockDescriptor", LockDescriptor},
    {"eraseVariable", EraseVariable},
    {"becomeSubreaper", BecomeSubreaper},
    {"dieWithMonitor", DieWithMonitor},
    {"leadProcessGroup", LeadProcessGroup},
    {"reap", Reap},
    {"peekEndedChild", PeekEndedChild},
    {"isChild", IsChild},
    {"signalChild", SignalChild},
    {"exec", Exec},
    {"memoryFile", MemoryFile},
    {"closeOnExec", CloseOnExec},
    {"holdSignals", HoldSignals},
    {"releaseSignals", ReleaseSignals},
    {"pid", Pid},
    {"startWatchdog", StartWatchdog},
    {"stopWatchdog", StopWatchdog},
    {"askForStack", AskForStack},
    {"notify", Notify},
    {"adoptListener", AdoptListener},
};

}  // namespace

NODE_MODULE_INIT(/* exports, module, context */) {
  (void)module;
  for (const auto& function : functions) NODE_SET_METHOD(exports, function.name, function.callback);
  RememberInherited();
  FindMathRandom(v8::Isolate::GetCurrent(), context);
}
