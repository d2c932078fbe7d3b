/** A function whose first call does the work, and whose every call has its answer. */
export function once<Answer>(act: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | undefined;
  return () => {
    answer ??= act();
    return answer;
  };
}
