#if os(Linux)
import Glibc
import TesseraCore
import TesseraIO
import Testing

/// Nothing that stands inside a file leads to another file.
@Suite("Names in files are not paths") struct NamesAreNotPathsTests {
  /// How often the kernel saw `path` or what lies in it being opened while `body` ran.
  private func openings(of path: String, during body: () throws -> Void) throws -> Int {
    let watcher = inotify_init1(Int32(IN_NONBLOCK))
    #expect(watcher >= 0)
    defer { close(watcher) }
    #expect(inotify_add_watch(watcher, path, UInt32(IN_OPEN)) >= 0)
    try body()
    var events = [UInt8](repeating: 0, count: 4096)
    return max(0, read(watcher, &events, events.count))
  }

  @Test func `reading a file opens no file that its header names`() throws {
    let scratch = try Scratch()
    let decoys = scratch.path("decoys")
    try #require(mkdir(decoys, 0o700) == 0)
    let decoy = try scratch.file("decoys/decoy.npy", [1])
    let tensor = try HostTensor([1, 2] as [Float], shape: [2])
    let names = [decoy, "file://" + decoy, "decoys/decoy.npy", "../\(decoy)"]
    let safetensors = scratch.path("names.safetensors")
    try Safetensors.write(names.map { ($0, tensor) }, to: safetensors)
    // A reader that runs pickled objects, or follows a link in metadata, would have to open something.
    let pickle = "cposix\nopen\n(S'\(decoy)'\nI0\ntR."
    var header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += String(repeating: " ", count: 63 - (header.count + 10) % 64) + "\n"
    let npy = try scratch.file(
      "object.npy",
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + Array(header.utf8)
        + Array(pickle.utf8))
    let opened = try openings(of: decoys) {
      let file = try SafetensorsFile(path: safetensors)
      #expect(file.names.sorted() == names.sorted())
      for name in file.names { #expect(bytes(try file.tensor(named: name)) == bytes(tensor)) }
      #expect(try TensorFile.read(safetensors).count == names.count)
      #expect(throws: TesseraError.self) { try Npy.read(npy) }
    }
    #expect(opened == 0)
    let seen = try openings(of: decoys) { close(open(decoy, O_RDONLY)) }
    #expect(seen > 0, "the watcher does not see an opening")
  }
}
#endif
