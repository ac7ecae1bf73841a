public import TesseraCore

/// A safetensors file: named tensors behind a JSON header.
///
/// The file is mapped into memory and its tensors are views of the mapping, so opening costs no more
/// than reading the header. It must not be shortened while any of its tensors lives.
///
/// The whole header is checked on opening: a file that opens holds exactly what it says, without
/// overlaps, holes or a missing end.
public struct SafetensorsFile: Sendable {
  /// What the header says of one tensor.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The element type in the file's own words, such as `F32` or `F8_E4M3`.
    public let typeName: String
    /// The element type, or nil if Tessera has none for it.
    public let dtype: DType?
    /// Extents, outermost axis first.
    public let shape: Shape
    /// Where the elements lie, in bytes from the end of the header.
    public let byteRange: Range<Int>
  }

  /// Where the file was opened.
  public let path: String
  /// Every tensor, in the order of the header.
  public let entries: [Entry]
  /// The free text pairs under `__metadata__`.
  public let metadata: [String: String]

  private let index: [String: Int]
  private let storage: HostStorage
  private let dataOffset: Int

  /// Opens and checks the file at `path`.
  /// - Throws: `io` if it cannot be read, `malformedData` if it is not a valid safetensors file.
  public init(path: String) throws(TesseraError) {
    try self.init(storage: MappedFile.open(path), path: path)
  }

  /// Checks bytes that are in memory already; `path` names them in messages.
  package init(storage: HostStorage, path: String) throws(TesseraError) {
    let header = try SafetensorsHeader(storage.bytes, path: path)
    self.path = path
    self.entries = header.entries
    self.metadata = header.metadata
    self.index = header.index
    self.storage = storage
    self.dataOffset = header.dataOffset
  }

  /// The names of all tensors, in the order of the header.
  public var names: [String] { entries.map(\.name) }

  /// What the header says of the tensor called `name`, or nil.
  public func entry(named name: String) -> Entry? { index[name].map { entries[$0] } }

  /// The tensor called `name`, as a view of the mapped file.
  /// - Throws: `invalidArgument` if there is none of that name, `malformedData` if Tessera has no
  ///   element type for it.
  public func tensor(named name: String) throws(TesseraError) -> HostTensor {
    guard let entry = entry(named: name) else {
      let known = names.prefix(20).map(quoted).joined(separator: ", ")
      let more = names.count > 20 ? ", … (\(names.count) in all)" : ""
      throw .invalidArgument(
        "tensor of \(path)", got: quoted(name),
        allowed: names.isEmpty ? "none: the file is empty" : known + more)
    }
    guard let dtype = entry.dtype else {
      throw .malformed(
        "\(path): tensor \(quoted(name))",
        reason: "element type \(quoted(entry.typeName)) is not supported; "
          + "allowed \(SafetensorsType.names.joined(separator: ", "))")
    }
    return try HostTensor(
      dtype: dtype, shape: entry.shape, storage: storage,
      offset: dataOffset + entry.byteRange.lowerBound)
  }

  /// All tensors with their names, in the order of the header.
  /// - Throws: as `tensor(named:)`.
  public func tensors() throws(TesseraError) -> [(name: String, tensor: HostTensor)] {
    var result: [(name: String, tensor: HostTensor)] = []
    for entry in entries { result.append((entry.name, try tensor(named: entry.name))) }
    return result
  }
}
