#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A drawing as SVG text. Colours are classes (`c0` … `c7`, `ink`, `muted`, `grid`), so that one drawing
/// suits light and dark pages.
struct SVG {
  private let width: Double
  private let height: Double
  private var elements: [String] = []

  enum Anchor: String {
    case start, middle, end
  }

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String
  ) {
    elements.append(
      "<line x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" "
        + "y2=\"\(Self.number(y2))\" class=\"stroke \(style)\"/>")
  }

  mutating func path(_ points: [(x: Double, y: Double)], _ style: String) {
    let text = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    elements.append("<polyline points=\"\(text)\" class=\"stroke \(style)\"/>")
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, tip: String? = nil
  ) {
    elements.append(
      "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(max(width, 0)))\" "
        + "height=\"\(Self.number(max(height, 0)))\" rx=\"2\" class=\"fill \(style)\">"
        + Self.tip(tip) + "</rect>")
  }

  mutating func circle(
    _ x: Double, _ y: Double, _ radius: Double, _ style: String, tip: String? = nil
  ) {
    elements.append(
      "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(Self.number(radius))\" "
        + "class=\"dot \(style)\">" + Self.tip(tip) + "</circle>")
  }

  mutating func text(
    _ x: Double, _ y: Double, _ text: String, _ anchor: Anchor = .start, _ style: String = "ink",
    rotated: Bool = false
  ) {
    let turn = rotated ? " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" : ""
    elements.append(
      "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\" "
        + "class=\"\(style)\"\(turn)>\(Self.escaped(text))</text>")
  }

  /// The drawing's text.
  /// - Parameters:
  ///   - label: what it shows, for readers who do not see it.
  ///   - standalone: whether it brings its own colours, for a file of its own.
  func text(label: String, standalone: Bool) -> String {
    let size = "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\""
    let style =
      standalone
      ? "<style>:root{\(Self.light)}@media(prefers-color-scheme:dark){:root{\(Self.dark)}}svg{background:var(--page)}\(Self.rules)</style>"
      : ""
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) role=\"img\" "
      + "aria-label=\"\(Self.escaped(label))\">\(style)\n" + elements.joined(separator: "\n")
      + "\n</svg>"
  }

  static let light =
    "--page:#fff;--panel:#f6f7f9;--ink:#1a1d21;--muted:#5c6570;--grid:#dde1e6;--c0:#0b6bcb;--c1:#c4510a;"
    + "--c2:#0a8a63;--c3:#b0418f;--c4:#6f4bc4;--c5:#8a6d00;--c6:#007f95;--c7:#b3261e"
  static let dark =
    "--page:#14171b;--panel:#1d2126;--ink:#e8eaed;--muted:#a3acb8;--grid:#343a42;--c0:#6cb2ff;--c1:#ff9d5c;"
    + "--c2:#4fd1a5;--c3:#f29bd4;--c4:#b9a2ff;--c5:#e3c24a;--c6:#5ed3e8;--c7:#ff8a80"
  static let rules: String = {
    var text =
      "text{font:12px system-ui,sans-serif;fill:var(--ink)}text.muted{fill:var(--muted)}"
      + "text.small{font-size:11px;fill:var(--muted)}.stroke{fill:none;stroke-width:2}"
      + ".grid{stroke:var(--grid);stroke-width:1}.axis{stroke:var(--muted);stroke-width:1}"
      + ".roof{stroke:var(--ink);stroke-width:2}.dash{stroke:var(--muted);stroke-dasharray:5 4;stroke-width:1.5}"
      + ".dot{stroke:var(--page);stroke-width:1}"
    for index in 0..<8 {
      text +=
        ".fill.c\(index),.dot.c\(index){fill:var(--c\(index))}.stroke.c\(index){stroke:var(--c\(index))}"
    }
    return text
  }()

  static func escaped(_ text: String) -> String {
    var out = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case let control where control.value < 0x20 && control != "\n": out += " "
      default: out.unicodeScalars.append(character)
      }
    }
    return out
  }

  private static func tip(_ text: String?) -> String {
    text.map { "<title>\(escaped($0))</title>" } ?? ""
  }

  /// Two digits after the point.
  private static func number(_ value: Double) -> String { PlotNumber.fixed(value, 2) }
}

/// Numbers in plots and pages.
enum PlotNumber {
  static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "0" }
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: places - fraction.count)
      + fraction
  }

  /// Three significant digits.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    if exponent < -4 || exponent >= 6 {
      return fixed(value / pow(10, Double(exponent)), 2) + "e\(exponent)"
    }
    return fixed(value, max(0, 2 - exponent))
  }

  /// A power of ten as axes carry it: 0.01, 1, 1000, 10⁶.
  static func decade(_ exponent: Int) -> String {
    if (-3...4).contains(exponent) {
      return exponent >= 0
        ? "1" + String(repeating: "0", count: exponent)
        : "0." + String(repeating: "0", count: -exponent - 1) + "1"
    }
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return "10" + (exponent < 0 ? "⁻" : "")
      + String(String(abs(exponent)).compactMap(\.wholeNumberValue).map { digits[$0] })
  }
}
