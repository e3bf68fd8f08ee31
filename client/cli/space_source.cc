#include "client/cli/space_source.h"

#include <filesystem>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/space/decisions/genotype_proto.h"
#include "common/space/presets.h"
#include "common/spec/document.h"
#include "common/spec/json.h"
#include "common/spec/message_json.h"
#include "common/spec/scalars.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

absl::StatusOr<network::Shape> ParseShape(const std::string& text) {
  network::Shape shape;
  for (const auto part : absl::StrSplit(text, absl::ByAnyChar("x×,"), absl::SkipEmpty())) {
    int64_t size = 0;
    if (!absl::SimpleAtoi(part, &size) || size < 1 || size > 1'000'000) {
      return absl::InvalidArgumentError(
          absl::StrCat("--input: found \"", text, "\", expected sizes like 3x32x32"));
    }
    shape.push_back(size);
  }
  if (shape.empty()) {
    return absl::InvalidArgumentError("--input: found nothing, expected sizes like 3x32x32");
  }
  return shape;
}

std::string OptionText(const space::OptionValue& value) {
  struct Printer {
    std::string operator()(int64_t v) const { return absl::StrCat(v); }
    std::string operator()(double v) const { return absl::StrFormat("%g", v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(const std::string& v) const { return v; }
  };
  return std::visit(Printer{}, value);
}

}  // namespace

void AddSpaceOptions(CLI::App& command, SpaceSource& source) {
  command
      .add_option("SPACE,--space", source.space,
                  "A preset's name or a template file; also as --space SPACE")
      ->required();
  AddSpaceConstants(command, source);
}

void AddSpaceConstants(CLI::App& command, SpaceSource& source) {
  command.add_option("--set", source.set, "Constants of the template, NAME=VALUE …");
  command.add_option("--input", source.input, "Shape of one example")->default_str("3x32x32");
  command.add_option("--classes", source.classes, "Number of classes")
      ->check(CLI::Range(1, 1000000))
      ->default_str("10");
}

space::Constant ParseConstant(const std::string& text) {
  if (const auto integer = spec::ParseInteger(text)) return *integer;
  if (const auto real = spec::ParseReal(text)) return *real;
  if (const auto flag = spec::ParseFlag(text)) return *flag;
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    std::vector<int64_t> list;
    for (const auto part : absl::StrSplit(text.substr(1, text.size() - 2), absl::ByAnyChar(", "),
                                          absl::SkipEmpty())) {
      const auto integer = spec::ParseInteger(std::string(part));
      if (!integer) return text;
      list.push_back(*integer);
    }
    return list;
  }
  return text;
}

absl::StatusOr<LoadedSpace> LoadSpace(const SpaceSource& source, const std::string& known) {
  LoadedSpace loaded;
  std::error_code error;
  if (const space::Preset* preset = space::FindPreset(source.space)) {
    loaded.text = preset->text;
    loaded.file = absl::StrCat("preset:", preset->name);
  } else if (source.space == "-" || std::filesystem::exists(source.space, error)) {
    NASCENT_ASSIGN_OR_RETURN(loaded.text,
                             spec::ReadTextFile(source.space, spec::DocumentLimits().bytes));
    loaded.file = source.space == "-" ? "(standard input)" : source.space;
  } else {
    std::vector<std::string> names;
    for (const space::Preset& known_preset : space::Presets()) names.push_back(known_preset.name);
    return absl::NotFoundError(absl::StrCat("no preset and no file is called \"", source.space,
                                            "\"", spec::DidYouMean(source.space, names),
                                            "; presets are ", absl::StrJoin(names, ", ")));
  }
  space::SpaceOptions options;
  NASCENT_ASSIGN_OR_RETURN(options.input, ParseShape(source.input));
  options.classes = source.classes;
  options.output = source.output;
  for (const std::string& entry : source.set) {
    const size_t equals = entry.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set: found \"", entry, "\", expected NAME=VALUE"));
    }
    options.set[entry.substr(0, equals)] = ParseConstant(entry.substr(equals + 1));
  }
  NASCENT_ASSIGN_OR_RETURN(loaded.space, space::Space::Parse(loaded.text, loaded.file, options));
  if (known.empty()) return loaded;
  for (const space::KnownArchitecture& architecture : loaded.space->known()) {
    if (architecture.name != known || architecture.set.empty()) continue;
    // What the caller set stays.
    for (const auto& [name, value] : architecture.set) options.set.emplace(name, value);
    NASCENT_ASSIGN_OR_RETURN(loaded.space, space::Space::Parse(loaded.text, loaded.file, options));
    break;
  }
  return loaded;
}

absl::StatusOr<LoadedSpace> LoadSpace(const v1::SearchSpec& spec, const v1::Dataset& dataset) {
  LoadedSpace loaded;
  loaded.text = spec.space().template_();
  loaded.file = "the search's template";
  if (!spec.space().preset().empty()) {
    const space::Preset* preset = space::FindPreset(spec.space().preset());
    if (preset == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("this version has no preset \"", spec.space().preset(), "\""));
    }
    loaded.text = preset->text;
    loaded.file = absl::StrCat("preset:", preset->name);
  }
  space::SpaceOptions options;
  options.input.assign(dataset.shape().dimensions().begin(), dataset.shape().dimensions().end());
  if (const int resolution = spec.recipe().resolution();
      resolution > 0 && options.input.size() == 3) {
    options.input[1] = options.input[2] = resolution;
  }
  options.classes = dataset.classes();
  for (const auto& [name, value] : spec.space().set()) {
    // As in --set, which knows every type that a constant may have.
    options.set[name] = value.has_string_value() ? space::Constant(value.string_value())
                                                 : ParseConstant(spec::ToJson(value).Print());
  }
  for (const auto& [path, message] : spec.decisions()) {
    NASCENT_ASSIGN_OR_RETURN(auto domain, space::FromProto(message));
    options.recipe_decisions.emplace(path, std::move(domain));
  }
  NASCENT_ASSIGN_OR_RETURN(loaded.space, space::Space::Parse(loaded.text, loaded.file, options));
  return loaded;
}

absl::StatusOr<space::Genotype> ReadGenotype(const space::Space& space, const std::string& text) {
  if (!text.starts_with('{')) return space.Read(text);
  const auto document = spec::ParseDocument(text, "genotype");
  if (!document.ok() || (*document)->kind != spec::DocumentNode::Kind::kMap) {
    return space.Read(text);
  }
  spec::Json kept = spec::Json::Object();
  for (const auto& [label, line, value] : (*document)->entries) {
    if (label.starts_with("recipe.") && !space.decisions().Find(label)) continue;
    // Nested values are for the space to refuse.
    if (value->kind != spec::DocumentNode::Kind::kScalar) return space.Read(text);
    const auto integer = spec::ParseInteger(value->text);
    const auto real = spec::ParseReal(value->text);
    const auto flag = spec::ParseFlag(value->text);
    kept.Set(label, value->quoted ? spec::Json(value->text)
                    : integer     ? spec::Json(*integer)
                    : real        ? spec::Json(*real)
                    : flag        ? spec::Json(*flag)
                                  : spec::Json(value->text));
  }
  return space.Read(kept.Print());
}

std::string DomainText(const space::Domain& domain) {
  if (domain.IsList()) {
    return absl::StrJoin(domain.options, " | ", [](std::string* out, const auto& option) {
      out->append(OptionText(option));
    });
  }
  const bool integer = domain.kind == space::Domain::Kind::kInteger;
  return absl::StrCat(absl::StrFormat("%g to %g", domain.minimum, domain.maximum),
                      integer ? "" : ", real", domain.log ? ", log" : "");
}

std::string ConstantText(const space::Constant& constant) {
  struct Printer {
    std::string operator()(int64_t v) const { return absl::StrCat(v); }
    std::string operator()(double v) const { return absl::StrFormat("%g", v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<int64_t>& v) const {
      return absl::StrCat("[", absl::StrJoin(v, ", "), "]");
    }
  };
  return std::visit(Printer{}, constant);
}

}  // namespace nascent::cli
