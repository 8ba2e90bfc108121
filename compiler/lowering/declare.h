// The declare phase: from the description of a network to its Declarations, and to the states,
// inputs, parameters, tables, populations and projections of the program.
#ifndef BNSYN_COMPILER_LOWERING_DECLARE_H_
#define BNSYN_COMPILER_LOWERING_DECLARE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/names.h"
#include "compiler/lowering/program_builder.h"
#include "compiler/lowering/requirements.h"

namespace bnsyn::compiler {

absl::Status Declare(Declarations& declared, ProgramBuilder& out);
// Its parts, in this order.
absl::Status ParseModels(Declarations& declared);
absl::Status DeclareUniform(Declarations& declared, ProgramBuilder& out);
absl::Status DeclareTables(Declarations& declared, ProgramBuilder& out);
absl::Status DeclarePopulations(Declarations& declared, ProgramBuilder& out);
absl::Status DeclareGroups(Declarations& declared, ProgramBuilder& out);
// What linked variables are.
absl::Status DeclareLinks(Declarations& declared, ProgramBuilder& out);
absl::Status DeclareProjections(Declarations& declared, ProgramBuilder& out);
absl::Status DeclareStimuli(Declarations& declared, ProgramBuilder& out);
// The bits of an initial value that is one number: `setting`, whose value is `number` as a float.
absl::StatusOr<ir::Bits> InitialBits(const Equation& equation, const Setting& setting,
                                     const Quantity& number, const std::vector<Constant>& constants,
                                     const std::string& what);
absl::Status DeclareInitialValues(Declarations& declared, ProgramBuilder& out);
// The states that keep the past of variables, for code that reads x(t - delay).
void DeclareHistories(Declarations& declared, ProgramBuilder& out);
// The states of last spikes and of rates, as far as some code needs them.
void DeclareStatesOfCode(Declarations& declared, ProgramBuilder& out);

// The names of the network level, which nothing else may have: "network", and what [uniform]
// declares.
TakenNames NamesOfNetwork(const Declarations& declared);
// These and the names of populations.
TakenNames NamesOfPopulations(const Declarations& declared);
// These and the names of groups.
TakenNames NamesOfNeurons(const Declarations& declared);
// Parses equations and update code, and checks what can be checked without values. `names` are
// those that are taken; those of the variables are added.
absl::Status ParseCode(const Model& model, TakenNames& names, ModelCode& code);
// Fails where an equation x = ... is defined through itself, or through so many others that
// recursion over them is not safe.
absl::Status CheckNoCycles(const ModelCode& code);
// Fails where a variable cannot be kept as f32; `flag` is the number of that flag.
absl::Status CheckFloat32(const ir::SourceText& text, const Equation& equation, size_t flag);
// Declares the parameters of a section: the values given, in order, with overrides.
absl::Status DeclareParameters(const Declarations& declared, const Settings& values,
                               const Settings& overrides, const std::vector<std::string>& tunable,
                               const ir::SourceText& place, Section& section, ProgramBuilder& out);
// Checks what `owner` ("the model 'stdp'") requires of the values of its parameters. What it
// requires of tunable ones is kept for the host (requirements.h).
absl::Status CheckRequirements(const std::vector<Model::Requirement>& requirements,
                               absl::string_view owner, const std::vector<RequiredValue>& values,
                               const std::vector<Constant>& constants, ProgramBuilder& out);
// Declares the states of a section.
void DeclareVariables(Section& section, ProgramBuilder& out);
// Puts the bounds of variables of a section into its states. `owner` names the one who gives them
// ("model 'lif'"), and `name` begins the names of settings in errors.
absl::Status DeclareBounds(const std::vector<Model::Bound>& bounds, absl::string_view owner,
                           absl::string_view name, const Section& section, ProgramBuilder& out);
// Notes the resolutions that models ask for, of inputs that projections have declared.
absl::Status DeclareResolutions(const Declarations& declared, ProgramBuilder& out);
// The refractoriness of a section whose variables are declared.
absl::Status DeclareRefractory(const Declarations& declared, const Model& model, Section& section,
                               ProgramBuilder& out);
// The state of the last spikes of a section, unless there is one.
void DeclareLastSpike(Section& section, ProgramBuilder& out);
// Declares the states in which spikes and events wait for what comes after the arrivals of a step,
// for Schedule::kBrian2.
void DeclareCarriers(const Section& section, ProgramBuilder& out);
// Declares the states that check the probabilities in a threshold (chances.cc).
void DeclareChances(const Declarations& declared, Section& section, ProgramBuilder& out);
// Parses clocks, those of a model and those of a population or projection that stand beside them or
// in their place, and puts them into the section, whose constants are known.
absl::Status DeclareClocks(const std::vector<Clock>& clocks, const std::vector<Clock>& own,
                           const Quantity& dt, Section& section);
// Declares the synapses of a projection that the program has: variables, inputs that their code
// adds to, probabilities, weights, delays and initial values.
absl::Status DeclareSynapses(Declarations& declared, Connection& connection, ProgramBuilder& out);
// A delay that is one number for all synapses, as programs have it: in steps from that of a spike
// on.
absl::StatusOr<uint32_t> EvaluateDelay(const Setting& delay, const std::vector<Constant>& constants,
                                       const ir::Program& program, const std::string& what);
// Numbers of the projection where values are one for all synapses; the others become code of the
// connect block.
absl::Status DeclareConnect(const Declarations& declared, Connection& connection,
                            ProgramBuilder& out);
// Finds the event-driven variables that are the same for all synapses of a source: decaying to 0 by
// a rate that is one number, beginning with one number, and changed by one statement of an on_pre
// pathway alone, x += c or x = c with a number c, where all synapses have one delay; and likewise
// those that one on_post pathway changes, for the synapses onto a target.
void FindTraces(Declarations& declared, Connection& connection, ProgramBuilder& out);
// The projection with the code of the model of synapses that it names, if it does.
absl::StatusOr<const Network::ProjectionDescription*> WithModel(
    Declarations& declared, const Network::ProjectionDescription& description);
// Gives the parameters of the model values: constants of the projection, and parameters of the
// program where they may change.
absl::Status DeclareSynapseParameters(const Declarations& declared, Connection& connection,
                                      ProgramBuilder& out);
// The parameters of the model, in the order in which they get values.
std::vector<std::string> NamesOfParameters(const Connection& connection);
// Gives variables of neurons in the code of the model the names that they have here; in an
// expression of it, too.
absl::Status NameNeurons(Connection& connection);
void NameNeurons(const Connection& connection, Expr& expr);
// Says of names that code of the model reads and nobody has that they are of the network.
void RefuseMissing(const Connection& connection, Names& names);
// Parses the equations and the code of synapses, and checks what can be checked without values.
absl::Status ParseSynapseModel(Connection& connection);
// Its part for the pathways, which are sorted by their order.
absl::Status ParsePathways(Connection& connection);
// Whose spikes run the pathways: sets those that differ from the source or the target of the
// projection in the program, and returns that source.
absl::StatusOr<ir::PopulationId> DeclareSpikes(Connection& connection);
// Sets the delays of pathways that have one of their own.
absl::Status DeclarePathwayDelays(const Declarations& declared, const ir::Program& program,
                                  Connection& connection);
// Fails where two pathways that run at the same time and have the same order change one variable in
// ways that do not commute.
absl::Status CheckOrders(const Connection& connection);
// The table of a file, which is read when it is first named. `place` is where that is.
// Of a file of recorded spikes, those of the population `only`.
absl::StatusOr<ir::TableId> TableOf(const Network& network, const std::string& file,
                                    const ir::SourceText& place, ir::Program& program,
                                    const std::string& only = "");

// The names of the code of synapses: of a connect block (kConnect), or of code that runs while the
// network does.
Names SynapseNames(const Declarations& declared, const Connection& connection, ir::BlockKind kind);
// True if a setting is one number for all synapses, made of constants alone. True for one that
// cannot be parsed: evaluating it says why.
bool IsPlain(const Names& names, const Setting& setting, absl::string_view what);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_DECLARE_H_
