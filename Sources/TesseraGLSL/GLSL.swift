public import TesseraCore

/// Compiling GLSL compute shaders to SPIR-V in this process, with glslang.
///
/// A compiled module goes to `Device.kernel(spirv:interface:)`:
/// ```swift
/// let words = try GLSL.compile(source, defines: ["TILE": "16"])
/// let kernel = try device.kernel(spirv: words, interface: interface)
/// ```
/// Only compile source that you would also run: macros can make a short text arbitrarily long work.
public enum GLSL {
  /// What the module must run on.
  public enum Target: Sendable, Hashable, CaseIterable {
    /// SPIR-V 1.3.
    case vulkan1_1
    /// SPIR-V 1.5.
    case vulkan1_2
    /// SPIR-V 1.6. The workgroup size is then given by constants (`LocalSizeId`), which a device must
    /// have been opened for with the `maintenance4` feature.
    case vulkan1_3
  }

  /// Most bytes of source that are accepted.
  public static let maximumSourceBytes = 1 << 20

  /// Compiles a compute shader; its entry point is `main`.
  ///
  /// Safe to call from several threads at once. The first call takes about a tenth of a second, in
  /// which glslang builds its tables; later ones take milliseconds. There is no `#include`.
  ///
  /// - Parameters:
  ///   - source: GLSL 4.60, or the version that its `#version` line names.
  ///   - defines: macros by name, as if `#define NAME VALUE` came first. Line numbers stay.
  ///   - target: the least Vulkan version to run on.
  ///   - debugInfo: whether to keep names and lines for debuggers.
  /// - Returns: the words of a SPIR-V module.
  /// - Throws: `compile` with glslang's log; `overLimit` if the source is too long; `invalidArgument`
  ///   for a zero byte in it, or for a define that is no identifier or spans lines.
  public static func compile(
    _ source: String, defines: [String: String] = [:], target: Target = .vulkan1_2,
    debugInfo: Bool = false
  ) throws(TesseraError) -> [UInt32] {
    let preamble = try preamble(defines)
    let length = source.utf8.count + preamble.utf8.count
    guard length <= maximumSourceBytes else {
      throw .overLimit("bytes of GLSL", requested: length, limit: maximumSourceBytes)
    }
    guard !source.utf8.contains(0) else {
      throw .invalidArgument("GLSL source", got: "a zero byte", allowed: "text without any")
    }
    let job = CompilerJob(
      source: source, preamble: preamble, target: target, debugInfo: debugInfo)
    return try job.runOnDeepStack().get()
  }

  /// The `#define` lines, in order of the names so that equal input gives equal text.
  private static func preamble(_ defines: [String: String]) throws(TesseraError) -> String {
    var text = ""
    for (name, value) in defines.sorted(by: { $0.key < $1.key }) {
      let letters = name.utf8.allSatisfy { byte in
        switch Unicode.Scalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
      }
      guard letters, let first = name.utf8.first, !(0x30...0x39).contains(first) else {
        throw .invalidArgument("define", got: name.debugDescription, allowed: "an identifier")
      }
      // A line break would start a line of its own, and a backslash would swallow the next one.
      guard !value.utf8.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 || $0 == 0x5C }) else {
        throw .invalidArgument(
          "define \(name)", got: value.debugDescription,
          allowed: "one line without backslash or zero byte")
      }
      text += "#define \(name) \(value)\n"
    }
    return text
  }
}
