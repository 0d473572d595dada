#pragma once

#include <napi.h>

#include <memory>
#include <variant>

#include "decode/decoder.h"
#include "decode/request.h"
#include "distributed/process_group.h"
#include "engine/arguments.h"
#include "engine/graph.h"
#include "io/token_file.h"
#include "modules/module_state.h"

namespace gptorch {

/// What a JavaScript handle stands for. TypeScript holds it as an opaque external value and never makes one itself.
using Handle =
    std::variant<SlotRef, std::shared_ptr<TensorList>, std::shared_ptr<ModuleState>, std::shared_ptr<TokenFile>,
                 std::shared_ptr<Decoder>, RequestRef, std::shared_ptr<Graph>, std::shared_ptr<ProcessGroup>>;

/// The finalizer is a safety net: what it finds undisposed is handed back to the engine, not freed here.
Napi::Value wrap(Napi::Env env, Handle handle);

/// Throws ArgumentError when the value is no handle of ours.
Handle& unwrap(const Napi::Value& value);

/// The tensor behind a handle; throws Disposed where it was disposed of.
SlotRef unwrapTensor(const Napi::Value& value, const std::string& function);

/// Throws Disposed, saying by what, where the tensor was disposed of.
void requireLive(const Slot& slot, const std::string& function);

/// Queues the release of tensors' values. Idempotent.
void disposeTensors(Napi::Env env, const std::vector<SlotRef>& slots, bool byScope);

}  // namespace gptorch
