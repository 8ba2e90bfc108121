#include "ir/builder.h"

#include "gtest/gtest.h"
#include "ir/out_of_memory.h"
#include "ir/verifier.h"
#include "tests/ir/programs.h"

namespace bnsyn::ir {
namespace {

class BuilderTest : public ::testing::Test {
 protected:
  Program program_ = EveryKind();
  Block block_;
  Builder builder_{program_, block_};
  const StateId v_ = *program_.FindState("exc.f64");
  const DomainId exc_ = program_.populations[0].domain;

  Value Normal() { return builder_.Emit(Op::kNormal, {Element::kF64, exc_}, {}, StreamAttr(1, 0)); }
};

TEST_F(BuilderTest, SharesEqualValues) {
  const Value a = builder_.F64(0.5);
  EXPECT_EQ(a, builder_.F64(0.5));
  EXPECT_NE(a, builder_.F32(0.5f));
  const Value b = builder_.Load(v_);
  const Value sum = builder_.Emit(Op::kAdd, {a, b});
  EXPECT_EQ(sum, builder_.Emit(Op::kAdd, {a, b}));
  EXPECT_NE(sum, builder_.Emit(Op::kSub, {a, b}));
  EXPECT_NE(sum, builder_.Emit(Op::kAdd, {b, a}));
  EXPECT_EQ(Normal(), Normal());
  EXPECT_NE(builder_.Convert(b, Element::kI32), builder_.Convert(b, Element::kU32));
  EXPECT_EQ(builder_.Param(0), builder_.Param(0));
}

TEST_F(BuilderTest, LiteralsAreToldApartByTheirBits) {
  EXPECT_NE(builder_.F64(0.0), builder_.F64(-0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(builder_.F64(nan), builder_.F64(nan));
  // Bits above the element's width are no part of a value.
  EXPECT_EQ(builder_.Literal(Element::kI32, ~uint64_t{0}),
            builder_.Literal(Element::kI32, 0xffffffff));
}

TEST_F(BuilderTest, LoadsAreSharedUntilAStoreToTheirState) {
  const StateId other = *program_.FindState("exc.f32");
  const Value before = builder_.Load(v_);
  const Value unrelated = builder_.Load(other);
  EXPECT_EQ(before, builder_.Load(v_));
  builder_.Store(v_, builder_.F64(1));
  const Value after = builder_.Load(v_);
  EXPECT_NE(before, after);
  EXPECT_EQ(after, builder_.Load(v_));
  EXPECT_EQ(unrelated, builder_.Load(other));
}

TEST_F(BuilderTest, CountsAndTotalsAreSharedUntilTheirWrites) {
  const auto count = [&] {
    return builder_.Emit(Op::kCount, {Element::kI64, DomainId::kNetwork}, {}, 0);
  };
  const auto total = [&](ReductionId id) {
    return builder_.Emit(Op::kTotal, {Element::kF64, DomainId::kNetwork}, {}, id);
  };
  const Value count_before = count();
  const Value total0 = total(0);
  const Value total1 = total(1);
  EXPECT_EQ(count_before, count());
  builder_.Emit(Op::kSpike, {builder_.Bool(true)}, 0);
  EXPECT_NE(count_before, count());
  EXPECT_EQ(total0, total(0));
  builder_.Emit(Op::kReduce, {builder_.Load(v_)}, 0);
  EXPECT_NE(total0, total(0));
  EXPECT_EQ(total1, total(1));
}

TEST_F(BuilderTest, WritesAreNeverShared) {
  builder_.Store(v_, builder_.F64(1));
  builder_.Store(v_, builder_.F64(1));
  EXPECT_EQ(block_.nodes.size(), 3u);
  EXPECT_NE(builder_.Take(0), builder_.Take(0));
  EXPECT_FALSE(builder_.Emit(Op::kStore, {builder_.F64(1)}, v_).valid());
}

TEST_F(BuilderTest, GoesOnFromNodesThatAreThere) {
  const Value v = builder_.Load(v_);
  builder_.Store(v_, builder_.F64(1));
  const Value w = builder_.Load(v_);
  Builder again(program_, block_);
  EXPECT_EQ(again.F64(1).id, 1u);
  EXPECT_EQ(again.Load(v_), w);
  EXPECT_NE(again.Load(v_), v);
}

TEST_F(BuilderTest, ResultsJoinDomains) {
  const Value uniform = builder_.F64(1);
  const Value local = builder_.Load(v_);
  EXPECT_EQ(builder_.type(builder_.Emit(Op::kAdd, {uniform, uniform})), (Type{Element::kF64}));
  EXPECT_EQ(builder_.type(builder_.Emit(Op::kLt, {uniform, local})), (Type{Element::kBool, exc_}));
}

TEST_F(BuilderTest, EffectsStandInTheDomainTheyActOn) {
  builder_.Store(v_, builder_.F64(1));
  EXPECT_EQ(block_.nodes.back().type(), (Type{Element::kF64, exc_}));
  builder_.Emit(Op::kSpike, {builder_.Bool(true)}, 0);
  EXPECT_EQ(block_.nodes.back().domain, exc_);
  builder_.Store(*program_.FindState("net.f64"), builder_.F64(1));
  EXPECT_EQ(block_.nodes.back().domain, DomainId::kNetwork);
}

TEST_F(BuilderTest, WhatItBuildsVerifies) {
  const Value v = builder_.Load(v_);
  const Value next = builder_.Emit(Op::kFma, {v, builder_.F64(0.5), Normal()});
  const Value spikes = builder_.Emit(Op::kGt, {next, builder_.F64(1)});
  builder_.Check(v_, next);
  builder_.Store(v_, builder_.Emit(Op::kSelect, {spikes, builder_.F64(0), next}));
  builder_.Emit(Op::kSpike, {spikes}, 0);
  program_.step.push_back(block_);
  EXPECT_TRUE(Verify(program_).ok()) << Verify(program_);
}

// A host sees them as an Internal error: the library never ends its process.
TEST_F(BuilderTest, WrongTypesAreOurOwnFault) {
  const Value v = builder_.Load(v_);
  const absl::Status status = WithinMemory([&]() -> absl::Status {
    builder_.Emit(Op::kAdd, {v, builder_.Bool(true)});
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("add takes numbers of one type, not f64 and bool"),
            absl::string_view::npos)
      << status;
}

struct TypeError {
  Op op;
  std::vector<Type> operands;
  Type declared;
  const char* message;
};

TEST_F(BuilderTest, TypeErrorsAreWordedForPeople) {
  const DomainId ee = program_.projections[0].domain;
  const Type f64{Element::kF64};
  const Type f32{Element::kF32};
  const Type i32{Element::kI32};
  const Type i64{Element::kI64};
  const Type boolean{Element::kBool};
  const Type local{Element::kF64, exc_};
  const Type synapse{Element::kF64, ee};
  const TypeError errors[] = {
      {Op::kAdd, {f64}, f64, "add takes 2 operands, not 1"},
      {Op::kNeg, {f64, f64}, f64, "neg takes 1 operand, not 2"},
      {Op::kAdd, {f64, i32}, f64, "add takes numbers of one type, not f64 and i32"},
      {Op::kNeg, {boolean}, f64, "neg takes a number, not bool"},
      {Op::kLt, {boolean, boolean}, f64, "lt takes numbers of one type, not bool and bool"},
      {Op::kSqrt, {i32}, f64, "sqrt takes f64 or f32, not i32"},
      {Op::kDiv, {boolean, boolean}, f64, "div takes numbers of one type, not bool and bool"},
      {Op::kExpectSum, {boolean, f64, f64}, f64, "expect_sum takes a bool and i64, not bool, f64"},
      {Op::kExpectInteger, {f64, f64, f64}, f64, "expect_integer takes a bool and f64, not f64"},
      {Op::kSqrt, {i32}, f64, "sqrt takes f64 or f32, not i32"},
      {Op::kFma, {f64, f64, f32}, f64, "not f64, f64 and f32"},
      {Op::kShl, {f64, f64}, f64, "shl takes integers of one type, not f64 and f64"},
      {Op::kAnd, {f64, f64}, f64, "and takes integers of one type or bools, not f64 and f64"},
      {Op::kNot, {f64}, f64, "not takes an integer or a bool, not f64"},
      {Op::kSelect, {f64, f64, f64}, f64, "select takes a bool and two values of one type"},
      {Op::kSelect, {boolean, f64, f32}, f64, "not bool, f64 and f32"},
      {Op::kAdd, {local, synapse}, f64, "add cannot join values of exc and ee"},
      {Op::kConvert, {local}, i32, "convert of such an operand gives i32[exc], not i32"},
      {Op::kBitcast, {f64}, i32, "bitcast takes and gives numbers of one size, not f64 and i32"},
      {Op::kBitcast, {boolean}, boolean, "bitcast takes and gives numbers of one size"},
      {Op::kStep, {}, f64, "step gives u64 here, not f64"},
      {Op::kIndex, {}, f64, "index is of a population's elements"},
      {Op::kLoad, {}, f64, "load gives f64[exc] here, not f64"},
      {Op::kTake, {}, f64, "take gives f64[exc] here, not f64"},
      {Op::kRandom, {}, local, "random gives u32[exc] here, not f64[exc]"},
      {Op::kPoisson, {i32}, f64, "poisson takes f64, not i32"},
      {Op::kPoisson, {local}, f64, "poisson over values of exc cannot give f64"},
      {Op::kLookup, {i64, f64}, f64, "lookup takes i64, not i64 and f64"},
      {Op::kStore, {f32}, f64, "store takes f64 here, not f32"},
      {Op::kStore, {synapse}, f64, "store of f64[exc] cannot take a value of ee"},
      {Op::kSpike, {f64}, f64, "spike takes bool here, not f64"},
      {Op::kReduce, {i32}, f64, "reduce takes f64 here, not i32"},
  };
  for (const TypeError& error : errors) {
    const auto type = ResultType(program_, block_, error.op, error.operands, 0, error.declared);
    ASSERT_FALSE(type.ok()) << error.message;
    EXPECT_NE(std::string(type.status().message()).find(error.message), std::string::npos)
        << type.status() << "\nexpected: " << error.message;
  }
}

}  // namespace
}  // namespace bnsyn::ir
