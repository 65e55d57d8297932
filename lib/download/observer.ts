import type { RemoteFile, RemoteModel } from "./remote-model.js";

/** Is told how a download goes. */
export interface DownloadObserver {
  /** What will be there in the end. */
  begins: (model: RemoteModel, files: readonly RemoteFile[]) => void;
  /** @param received bytes that are there from a run before */
  fileBegins: (file: RemoteFile, received: number) => void;
  /** @param received bytes so far, those of a run before counted */
  fileGrows: (file: RemoteFile, received: number) => void;
  /** It is there and has the hash that it should have. */
  fileEnds: (file: RemoteFile) => void;
  /** Something broke and will be tried again. */
  waiting: (reason: string, seconds: number) => void;
}
