import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

extension CompilerJob {
  /// Runs the job in a thread of its own and waits for it.
  ///
  /// glslang walks the syntax tree recursively, and within the limit on source bytes a tree can be
  /// half a million levels deep: an ordinary stack would overflow. Only the pages that are touched
  /// take memory.
  func runOnDeepStack() -> Result<[UInt32], TesseraError> {
    let box = Box(self)
    let failed = Result<[UInt32], TesseraError>.failure(
      TesseraError(.compile, "no thread to compile GLSL in"))
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return failed }
    defer { pthread_attr_destroy(&attributes) }
    guard pthread_attr_setstacksize(&attributes, Self.stackBytes) == 0 else { return failed }
    #if os(Linux)
    var thread = pthread_t()
    #else
    var thread: pthread_t?
    #endif
    // The new thread borrows the box; it is joined before this one lets go of it.
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        #if os(Linux)
        guard let argument else { return nil }
        #endif
        let box = Unmanaged<Box>.fromOpaque(argument).takeUnretainedValue()
        box.result = box.job.run()
        return nil
      }, Unmanaged.passUnretained(box).toOpaque())
    guard status == 0 else { return failed }
    #if os(Linux)
    pthread_join(thread, nil)
    #else
    if let thread { pthread_join(thread, nil) }
    #endif
    return withExtendedLifetime(box) { box.result ?? failed }
  }

  private static let stackBytes = 1 << 30

  /// Carries the job to the thread and its result back.
  private final class Box {
    let job: CompilerJob
    var result: Result<[UInt32], TesseraError>?
    init(_ job: CompilerJob) { self.job = job }
  }
}
