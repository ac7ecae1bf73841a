public import TesseraCore

/// Tensor files of any format Tessera knows, told apart by their extension.
public enum TensorFile {
  /// The formats.
  public enum Format: String, Sendable, Hashable, CaseIterable {
    /// Named tensors of any element type.
    case safetensors
    /// One unnamed array; no bf16.
    case npy

    /// The format that the extension of `path` names, in upper or lower case.
    /// - Throws: `invalidArgument` for any other extension.
    public init(path: String) throws(TesseraError) {
      let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
      let suffix = name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() }
      guard let format = suffix.flatMap(Format.init(rawValue:)) else {
        throw .invalidArgument(
          "file", got: path,
          allowed: Format.allCases.map { "a name ending in .\($0)" }.joined(separator: " or "))
      }
      self = format
    }
  }

  /// All tensors of the file at `path`, in its order. The array of an npy file is named after the
  /// file, without folder and extension.
  /// - Throws: `invalidArgument` for an unknown extension; else as the format's own reader.
  public static func read(
    _ path: String
  ) throws(TesseraError) -> [(name: String, tensor: HostTensor)] {
    switch try Format(path: path) {
    case .safetensors: return try SafetensorsFile(path: path).tensors()
    case .npy:
      let name = path.split(separator: "/").last ?? ""
      return [(String(name.dropLast(".npy".count)), try Npy.read(path))]
    }
  }

  /// Writes all `tensors` to a safetensors file, or the first of them to an npy file.
  /// - Throws: `invalidArgument` for an unknown extension, or if there is no tensor for an npy file;
  ///   else as the format's own writer.
  public static func write(
    _ tensors: [(name: String, tensor: HostTensor)], to path: String
  ) throws(TesseraError) {
    switch try Format(path: path) {
    case .safetensors: try Safetensors.write(tensors, to: path)
    case .npy:
      guard let first = tensors.first else {
        throw .invalidArgument("tensors for \(path)", got: "none", allowed: "one or more")
      }
      try Npy.write(first.tensor, to: path)
    }
  }
}
