import Foundation
import TesseraCore
import TesseraIO
import Testing

@Suite struct AtomicFileTests {
  @Test(arguments: [true, false])
  func `a file is replaced as a whole`(unnamed: Bool) throws {
    let scratch = try Scratch()
    let path = try scratch.file("x", [9, 9, 9, 9])
    try AtomicFile.write(to: path, unnamed: unnamed) { sink throws(TesseraError) in
      try sink.write([1, 2])
      try sink.write([UInt8]())
      try sink.write([3])
    }
    #expect(try scratch.read("x") == [1, 2, 3])
    #expect(try scratch.contents() == ["x"])
  }

  @Test(arguments: [true, false])
  func `an error while writing leaves the old file and nothing else`(unnamed: Bool) throws {
    let scratch = try Scratch()
    let path = try scratch.file("x", [7])
    for target in [path, scratch.path("new")] {
      let error = #expect(throws: TesseraError.self) {
        try AtomicFile.write(to: target, unnamed: unnamed) { sink throws(TesseraError) in
          try sink.write([1, 2])
          throw TesseraError(.driver, "stop")
        }
      }
      #expect(error?.message == "stop")
    }
    #expect(try scratch.read("x") == [7])
    #expect(try scratch.contents() == ["x"])
  }

  @Test func `permissions follow the mode mask`() throws {
    let scratch = try Scratch()
    try AtomicFile.write([1], to: scratch.path("x"))
    func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    close(open(scratch.path("y"), O_CREAT | O_WRONLY, 0o666))
    #expect(try mode(scratch.path("x")) == mode(scratch.path("y")))
  }

  @Test func `a symbolic link stays and its target is replaced`() throws {
    let scratch = try Scratch()
    _ = try scratch.file("target", [7])
    symlink("target", scratch.path("link"))
    try AtomicFile.write([1], to: scratch.path("link"))
    #expect(try scratch.read("target") == [1])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: scratch.path("link")) == "target")
  }

  @Test func `folders, devices and absent folders are refused`() throws {
    let scratch = try Scratch()
    for path in [scratch.folder, scratch.folder + "/", "/dev/null", scratch.path("no/x"), ""] {
      let error = #expect(throws: TesseraError.self) { try AtomicFile.write([1], to: path) }
      #expect(error?.code == .io, "\(path)")
    }
    #expect(try scratch.contents() == [])
  }

  @Test func `a full device is an error`() throws {
    // A size limit on this process would stop the other tests; the descriptor of /dev/full will do.
    let scratch = try Scratch()
    let error = #expect(throws: TesseraError.self) {
      try AtomicFile.write(to: scratch.path("x")) { sink throws(TesseraError) in
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        dup2(full, sink.descriptor)
        try sink.write([1])
      }
    }
    #expect(error?.code == .io)
    #expect(try scratch.contents() == [])
  }

  @Test func `names at the length limit work`() throws {
    let scratch = try Scratch()
    for name in [String(repeating: "n", count: 255), String(repeating: "層", count: 85)] {
      try AtomicFile.write(to: scratch.path(name), unnamed: false) { sink throws(TesseraError) in
        try sink.write([1])
      }
      #expect(try scratch.read(name) == [1])
    }
  }
}
