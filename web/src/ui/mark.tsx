// SPDX-License-Identifier: Apache-2.0

// The mark: a titration, each well half as strong as the one before it.
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 52 12" width="52" height="12" aria-hidden="true">
      {[1, 0.62, 0.36, 0.18].map((strength, well) => (
        <circle key={well} cx={6 + well * 13.3} cy="6" r="5" fill-opacity={strength} />
      ))}
    </svg>
  );
}
