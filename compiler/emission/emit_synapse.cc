// What single synapses read, store and draw.
#include <array>
#include <cstddef>

#include "compiler/emission/deliver_emitter.h"
#include "compiler/emission/emit_ops.h"
#include "compiler/emission/kernel_abi.h"
#include "llvm/IR/Constants.h"
#include "reference/philox.h"

namespace bnsyn::compiler {

using ir::AttrKind;
using ir::Element;

llvm::Value* DeliverEmitter::LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index,
                                         int lanes) {
  llvm::LoadInst* const load = builder_.CreateAlignedLoad(
      Widened(type, lanes), builder_.CreateInBoundsGEP(type, array, index),
      llvm::Align(type->getScalarSizeInBits() / 8));
  AnnotateNoSlot(load);
  return load;
}

llvm::Value* DeliverEmitter::EntryIn(uint64_t lane) {
  return builder_.CreateAdd(entry_, builder_.getInt64(lane));
}

llvm::Value* DeliverEmitter::OtherIn(uint64_t lane) {
  llvm::Value* const other = LoadElement(builder_.getInt32Ty(), others_, EntryIn(lane));
  return builder_.CreateZExt(other, builder_.getInt64Ty());
}

llvm::Value* DeliverEmitter::SynapseIn(uint64_t lane) {
  if (!by_target_) return EntryIn(lane);
  llvm::Value* const synapse = LoadElement(builder_.getInt32Ty(), synapses_, EntryIn(lane));
  return builder_.CreateZExt(synapse, builder_.getInt64Ty());
}

llvm::Value* DeliverEmitter::OfSynapses(int lanes, const LoadAt& load) {
  if (lanes == 1 || !by_target_) return load(SynapseIn(0), lanes);
  return InLanes(lanes, [&](uint64_t lane) { return load(SynapseIn(lane), 1); });
}

llvm::Value* DeliverEmitter::InLanes(int lanes, const ValueIn& value) {
  llvm::Value* all = nullptr;
  for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes); ++lane) {
    llvm::Value* const own = value(lane);
    if (all == nullptr) all = llvm::PoisonValue::get(Widened(own->getType(), lanes));
    all = builder_.CreateInsertElement(all, own, lane);
  }
  return all;
}

llvm::Value* DeliverEmitter::Load(ir::StateId state, int lanes) {
  const Element element = program_.states[state].type.element;
  const size_t slot = SlotOf(AttrKind::kState, state);
  return OfSynapses(lanes, [&](llvm::Value* synapse, int together) {
    return LoadSlot(slot, element, synapse, together);
  });
}

void DeliverEmitter::Store(ir::StateId state, llvm::Value* value) {
  const Element element = program_.states[state].type.element;
  const size_t slot = SlotOf(AttrKind::kState, state);
  if (lanes_ == 1 || !by_target_) {
    StoreSlot(slot, element, SynapseIn(0), value);
    return;
  }
  for (uint64_t lane = 0; lane < static_cast<uint64_t>(lanes_); ++lane) {
    StoreSlot(slot, element, SynapseIn(lane), builder_.CreateExtractElement(value, lane));
  }
}

void DeliverEmitter::Check(ir::StateId state, llvm::Value* value) {
  NoteFault(OutOfBounds(program_.states[state], value));
}

llvm::Value* DeliverEmitter::LoadOfNeuron(ir::StateId state, llvm::Value* neuron) {
  const Element element = program_.states[state].type.element;
  const size_t slot = SlotOf(AttrKind::kState, state);
  const int lanes = LanesOf(neuron);
  if (lanes == 1) return LoadSlot(slot, element, neuron, 1);
  return InLanes(lanes, [&](uint64_t lane) { return LoadSlot(slot, element, OtherIn(lane), 1); });
}

llvm::Value* DeliverEmitter::IndexOf(llvm::Value* neuron) {
  return builder_.CreateTrunc(neuron, Widened(builder_.getInt32Ty(), LanesOf(neuron)));
}

llvm::Value* DeliverEmitter::Weight() {
  llvm::Type* const f64 = builder_.getDoubleTy();
  if (!OwnWeights()) return llvm::ConstantFP::get(f64, projection_.weight);
  return OfSynapses(lanes_, [&](llvm::Value* synapse, int together) {
    return LoadElement(f64, weights_, synapse, together);
  });
}

llvm::Value* DeliverEmitter::Delay() {
  return LoadField(offsetof(DeliverArgs, delay), builder_.getInt64Ty());
}

llvm::Value* DeliverEmitter::KeyOf(uint32_t stream, llvm::Value* occurrence) {
  llvm::Value* const number =
      LoadSlot(SlotOf(AttrKind::kStream, stream), Element::kU32, nullptr, 1);
  const std::array<uint32_t, 4> counter = reference::SynapseKeyCounter(0, 0);
  return EmitPhilox(builder_,
                    {occurrence, builder_.getInt64(counter[1]), builder_.getInt64(counter[2]),
                     builder_.CreateZExt(number, builder_.getInt64Ty())},
                    seed_)
      .first;
}

llvm::Value* DeliverEmitter::RandomBits(uint32_t stream, uint32_t draw, int lanes) {
  const auto [words, fresh] = drawn_.try_emplace({stream, draw / 4});
  if (fresh) {
    llvm::Value* key = nullptr;
    if (occurrences_ == nullptr) {
      key = keys_[stream];
    } else {
      llvm::Value* const occurrence = OfSynapses(lanes, [&](llvm::Value* synapse, int together) {
        return LoadElement(builder_.getInt32Ty(), occurrences_, synapse, together);
      });
      key = KeyOf(stream, builder_.CreateZExt(occurrence, Widened(builder_.getInt64Ty(), lanes)));
    }
    llvm::Value* const low = builder_.CreateAnd(step_, builder_.getInt64(0xffffffff));
    llvm::Value* const high = builder_.CreateShl(builder_.CreateLShr(step_, 32), 16);
    words->second = EmitPhilox(
        builder_, {target_, source_, low, builder_.CreateOr(high, builder_.getInt64(draw / 4))},
        key);
  }
  llvm::Value* const two = draw % 4 < 2 ? words->second.first : words->second.second;
  return builder_.CreateTrunc(draw % 2 == 0 ? two : builder_.CreateLShr(two, 32),
                              Widened(builder_.getInt32Ty(), lanes));
}

void DeliverEmitter::NoteFault(llvm::Value* failed) {
  llvm::AllocaInst* const fault = LanesOf(failed) == 1 ? fault_ : fault_in_lanes_;
  llvm::Value* const before = builder_.CreateLoad(failed->getType(), fault);
  builder_.CreateStore(builder_.CreateOr(before, failed), fault);
}

}  // namespace bnsyn::compiler
