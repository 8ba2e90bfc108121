// A value in the description of a network, with its place for errors.
#ifndef BNSYN_SETTING_H_
#define BNSYN_SETTING_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bnsyn/source_text.h"
#include "bnsyn/units.h"

namespace [[gnu::visibility("default")]] bnsyn {

// A value in a description: a number, a quantity, or an expression in the model language, such as
// "0.5 nS * 200/N" or "normal(-70 mV, 5 mV)".
class Setting {
 public:
  Setting(double number);           // NOLINT: implicit on purpose
  Setting(int number);              // NOLINT
  Setting(Quantity quantity);       // NOLINT
  Setting(const char* expression);  // NOLINT
  Setting(std::string expression);  // NOLINT
  Setting(SourceText expression);   // NOLINT
  // Not inline, so that host programs compile quickly; so for the other classes here.
  Setting(const Setting&);
  Setting(Setting&&) noexcept;
  Setting& operator=(const Setting&);
  Setting& operator=(Setting&&) noexcept;
  ~Setting();

  bool is_text() const { return std::holds_alternative<SourceText>(value_); }
  const SourceText& text() const { return std::get<SourceText>(value_); }  // if is_text()
  const Quantity& quantity() const { return std::get<Quantity>(value_); }  // if not

  // From the step that begins at `time` on, the value is another one. Parameters, the gain of a
  // projection, and the rate, value and mean of a stimulus may change so, any number of
  // times in the order of time: Setting("0 pA").ChangeAt("100 ms", "300 pA").ChangeAt("200 ms", "0
  // pA").
  Setting& ChangeAt(Setting time, Setting value);
  struct Change;
  const std::vector<Change>& changes() const { return changes_; }

  // The place of the name that has this value, for errors about the name; empty if the description
  // was built in C++.
  const SourceText& name_place() const { return name_place_; }
  void set_name_place(SourceText place) { name_place_ = std::move(place); }

 private:
  std::variant<Quantity, SourceText> value_;
  std::vector<Change> changes_;
  SourceText name_place_;
};
struct Setting::Change {
  Setting time;
  Setting value;
};

// Names and values, in the order given: {{"tau_m", 20_ms}, {"E_L", "-70 mV"}}.
using Settings = std::vector<std::pair<std::string, Setting>>;

}  // namespace bnsyn

#endif  // BNSYN_SETTING_H_
