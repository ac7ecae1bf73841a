import TesseraRuntime

/// Progress on standard error: a bar with an ETA on a terminal, nothing elsewhere.
final class ProgressLine {
  private let title: String
  private let total: Int
  private let started = HostClock.now()
  private var lastShown: UInt64 = 0

  init(_ title: String, total: Int) {
    self.title = title
    self.total = total
  }

  /// - Parameter step: what is being done, shown behind the bar.
  func update(_ done: Int, _ step: String = "") {
    guard Console.isInteractive, total > 0 else { return }
    let now = HostClock.now()
    guard now - lastShown > 100_000_000 || done == total else { return }
    lastShown = now
    let elapsed = Double(now - started) * 1e-9
    let left = done > 0 ? elapsed / Double(done) * Double(total - done) : 0
    let width = 24
    let filled = done * width / total
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
    Console.write("\r\(title) [\(bar)] \(done)/\(total) \(Format.fixed(left, 0)) s left \(step.prefix(48))\u{1B}[K", to: 2)
  }

  func finish() {
    if Console.isInteractive { Console.write("\r\u{1B}[K", to: 2) }
  }
}
