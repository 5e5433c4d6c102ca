// SPDX-License-Identifier: Apache-2.0

#include "api/plain_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/number.h"
#include "base/text.h"

namespace titer::api {

namespace {

constexpr PlainWords kEnglish = {
    .language = "en",
    .title = "Find a vaccine near you",
    .zip = "ZIP code",
    .within = "Within",
    .only_available = "Only where it is available",
    .find = "Find",
    .whole_page = "The full page, with a map (needs JavaScript)",
    .other = "Español",
    .none = "No site was found. Try a larger distance.",
    .not_all = "These are the nearest ones. There are more, farther away.",
    .zip_wrong = "A ZIP code has 5 digits, like 02139.",
    .zip_unknown = "There is no such ZIP code in the United States. Check the digits.",
    .no_answer = "The list cannot be read now. Try again in a moment.",
    .nothing_logged = "Nothing logged yet",
    .yes = "Available",
    .no = "None",
    .unknown = "Not known",
    .call_first = "Call first",
    .any_product = "Vaccine (kind not specified)",
    .stale = "may be out of date",
    .expired = "too old to rely on",
    .book = "Book",
    .website = "Website",
    .hours = "Hours",
    .age_before = "checked ",
    .age_after = " ago",
    .just_now = "checked just now",
    .dose = {"dose", "doses"},
    .minute = {"minute", "minutes"},
    .hour = {"hour", "hours"},
    .day = {"day", "days"},
    .mile = {"mile", "miles"},
};
constexpr PlainWords kSpanish = {
    .language = "es",
    .title = "Encuentre una vacuna cerca de usted",
    .zip = "Código postal",
    .within = "A menos de",
    .only_available = "Solo donde esté disponible",
    .find = "Buscar",
    .whole_page = "La página completa, con mapa (requiere JavaScript)",
    .other = "English",
    .none = "No se encontró ningún centro. Pruebe con una distancia mayor.",
    .not_all = "Estos son los más cercanos. Hay más centros a mayor distancia.",
    .zip_wrong = "Un código postal tiene 5 dígitos, por ejemplo 02139.",
    .zip_unknown = "Ese código postal no existe en los Estados Unidos. Compruebe los dígitos.",
    .no_answer = "La lista no se puede leer en este momento. Inténtelo de nuevo en un momento.",
    .nothing_logged = "Todavía sin registro",
    .yes = "Disponible",
    .no = "No hay",
    .unknown = "No se sabe",
    .call_first = "Llame antes",
    .any_product = "Vacuna (sin especificar)",
    .stale = "puede haber cambiado",
    .expired = "dato demasiado antiguo para confiar en él",
    .book = "Reservar cita",
    .website = "Sitio web",
    .hours = "Horario",
    .age_before = "comprobado hace ",
    .age_after = "",
    .just_now = "comprobado ahora mismo",
    .dose = {"dosis", "dosis"},
    .minute = {"minuto", "minutos"},
    .hour = {"hora", "horas"},
    .day = {"día", "días"},
    .mile = {"milla", "millas"},
};

const PlainWords* known(std::string_view tag) {
  const std::string_view primary = tag.substr(0, tag.find('-'));
  if (primary == "es" || primary == "ES") return &kSpanish;
  if (primary == "en" || primary == "EN" || primary == "*") return &kEnglish;
  return nullptr;
}

// Cuts the next piece off `rest`.
std::string_view next(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trim(piece);
}

// Thousandths, from "q=0.8"; a weight that cannot be read is the whole one.
std::uint32_t weight_of(std::string_view parameter) {
  if (!parameter.starts_with("q=")) return 1000;
  parameter.remove_prefix(2);
  if (!parameter.starts_with("0")) return 1000;
  std::string digits(parameter.substr(std::min<std::size_t>(parameter.size(), 2), 3));
  digits.resize(3, '0');
  return parse_number<std::uint32_t>(digits).value_or(1000);
}

}  // namespace

const PlainWords& plain_words(std::string_view chosen, std::string_view accepted) {
  if (const PlainWords* words = known(chosen)) return *words;
  const PlainWords* best = &kEnglish;
  std::uint32_t weight = 0;
  while (!accepted.empty()) {
    std::string_view range = next(accepted, ',');
    const PlainWords* words = known(next(range, ';'));
    const std::uint32_t asked = weight_of(trim(range));
    if (words == nullptr || asked <= weight) continue;
    best = words;
    weight = asked;
  }
  return *best;
}

std::string counted(std::uint64_t n, const PlainWords::Plural& noun) {
  std::string digits = fmt::format("{}", n);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return fmt::format("{} {}", digits, n == 1 ? noun.one : noun.many);
}

std::string age_text(WallTime then, WallTime now, const PlainWords& words) {
  const std::int64_t minutes = std::max<std::int64_t>(0, now.value - then.value) / 60'000;
  if (minutes == 0) return std::string(words.just_now);
  constexpr std::int64_t kHour = 60, kDay = 24 * kHour;
  const std::string age = minutes >= kDay    ? counted(static_cast<std::uint64_t>(minutes / kDay), words.day)
                          : minutes >= kHour ? counted(static_cast<std::uint64_t>(minutes / kHour), words.hour)
                                             : counted(static_cast<std::uint64_t>(minutes), words.minute);
  return fmt::format("{}{}{}", words.age_before, age, words.age_after);
}

}  // namespace titer::api
