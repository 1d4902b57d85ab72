export async function sharing() {
  return { figures: {}, goals: [] };
}
