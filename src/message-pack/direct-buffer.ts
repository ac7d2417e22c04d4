/** A buffer with the methods that skip option parsing; they exist in every supported Node. */
export interface DirectBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  utf8Write(text: string, offset: number, length?: number): number
}
