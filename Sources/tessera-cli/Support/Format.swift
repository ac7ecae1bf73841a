/// Numbers as people read them, without the C library's locale.
enum Format {
  /// `value` with `digits` significant digits, in plain or exponent notation.
  static func number(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
    let exponent = exponent10(value)
    if exponent < -4 || exponent >= 7 {
      let scaled = value / power(exponent)
      return fixed(scaled, max(digits - 1, 0)) + "e\(exponent)"
    }
    return fixed(value, max(digits - 1 - exponent, 0))
  }

  /// `value` with `places` digits after the point.
  static func fixed(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let scale = power(places)
    let scaled = Int((abs(value) * scale).rounded())
    let unit = Int(scale)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % unit)
    return "\(sign)\(scaled / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
  }

  /// Bytes in binary units: "1.50 GiB".
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 || unit == "GiB" { return unit == "B" ? "\(count) B" : fixed(value, 2) + " " + unit }
      value /= 1024
    }
    return "\(count) B"
  }

  private static func exponent10(_ value: Double) -> Int {
    var exponent = 0
    var rest = abs(value)
    while rest >= 10 {
      rest /= 10
      exponent += 1
    }
    while rest < 1 {
      rest *= 10
      exponent -= 1
    }
    return exponent
  }

  private static func power(_ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<abs(exponent) { result *= 10 }
    return exponent < 0 ? 1 / result : result
  }
}
