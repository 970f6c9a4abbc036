// Types of the page's scripts, for `tsc` (scripts/lint) and editors; nothing of this reaches the page. Functions get
// their parameters' types from `Llmx`, where they are assigned. Numbers are arrays or, unpacked, typed arrays.

type Numbers = ArrayLike<number> & Iterable<number> & {
  reduce<T>(f: (sum: T, value: number, index: number) => T, start: T): T;
  forEach(f: (value: number, index: number) => void): void;
  map(f: (value: number, index: number) => number): any;
  slice(from?: number, to?: number): any;
};
/** [first, past last). */
type Interval = [number, number];
/** The same, of answer tokens. */
interface Span { first: number; last: number }
type Child = Node | string | null | undefined | false | Child[];

// ---- A result, as `llmx explain --json` writes it (schema llm-explainer/1). ----

interface FaithfulnessNumber { value: number; random: number; random_deviation: number; p_value?: number }
interface Plausibility {
  token_f1: { value: number; random: number };
  auprc: { value: number; random: number };
  rationale_units: number;
}
interface Faithfulness {
  comprehensiveness: FaithfulnessNumber;
  sufficiency: FaithfulnessNumber;
  kendall_tau?: FaithfulnessNumber;
  infidelity?: FaithfulnessNumber & { unscaled: number; scale: number; samples: number };
  sensitivity_max?: { value: number; noise: number; samples: number };
  fractions: number[];
  deletion: number[];
  insertion: number[];
  random_deletion: number[];
  random_insertion: number[];
  measure?: string;
  absence: string;
  absence_token?: { id: number; text: string };
}
interface Completeness { f_input: number[]; f_baseline: number[]; residual: number[] }
interface AttributionJson {
  method: string;
  objective: string;
  signed: boolean;
  options: Record<string, string>;
  units: { text: string; kind: string; tokens: Interval; parts?: Interval[] }[];
  targets: { text: string; tokens: Interval; value: number }[];
  scores: Numbers[];
  standard_errors?: Numbers[];
  interactions?: Numbers[][];
  completeness?: Completeness;
  noise?: number;
  faithfulness?: Faithfulness;
  plausibility?: Plausibility;
  context_sensitivity?: Numbers;
}
type AttentionKind = "self" | "cross" | "encoder";
interface AttentionMapJson { block: number; head?: number; first_row: number; rows: number; weights: string; steps: string }
interface AttentionJson {
  kind: AttentionKind;
  rows: number;
  keys: number;
  answer_row: number;
  blocks: number[];
  heads: number[];
  maps: AttentionMapJson[];
}
interface NeuronJson {
  kind: AttentionKind;
  block: number;
  heads: Interval;
  first_row: number;
  rows: number;
  key_count: number;
  size: number;
  scale: number;
  softcap: number;
  visible: Interval[];
  queries: string;
  keys: string;
  bias?: string;
  sinks?: number[];
}
interface LogitLensJson {
  blocks: number[];
  ids: number[][][];
  probabilities: number[][][];
  answer_probabilities: number[][];
  answer_ranks: number[][];
  text: Record<number, string>;
}
interface WhyPassage { text: string; role: string; part: number; title: string; lines: Interval }
interface WhySource { passage: number; strength: number; probability_without: number; p_value?: number; substitute: boolean }
interface WhySentence {
  text: string;
  tokens: Interval;
  logprob: number;
  probability: number;
  probability_alone: number;
  grounded: boolean;
  sources: WhySource[];
  others: number;
}
interface WhyJson {
  sentences: WhySentence[];
  passages: WhyPassage[];
  asked: WhyPassage[];
  strengths: Numbers[];
  substitutes: number[];
  absence: string;
  runs: number;
  passes: number;
}
interface Result {
  Prompt: string[];
  Decode_output: string[];
  prompt_text: string;
  answer_text: string;
  label_text: string;
  source_text?: string;
  decoder_inputs?: string[];
  partial_tokens?: number[];
  token_logprobs: number[];
  objective: { name: string; value: number };
  model: { kind: string; path?: string; architecture?: string; type?: string; parameters?: number; sha256_16?: string };
  command?: { messages?: { role: string; content: string }[]; unit?: string; [key: string]: any };
  Attention?: {
    mean: Numbers[];
    pair_result: { attention: Numbers; faithfulness?: Faithfulness; plausibility?: Plausibility };
    attention_result: { mean_group_df: Numbers[] };
  };
  Gradient?: { saliency_map: Numbers; block_gradient_x_input: Numbers[]; faithfulness?: Faithfulness; plausibility?: Plausibility };
  attributions?: AttributionJson[];
  why?: WhyJson;
  views?: { attention?: AttentionJson[]; neuron?: NeuronJson[]; logit_lens?: LogitLensJson; left_out?: string[]; budget: number };
  span?: { start_token: number; end_token: number };
  warnings?: string[];
  timings_s?: Record<string, number>;
  peak_rss_bytes?: number;
  [key: string]: any;
}

// ---- What the scripts make of it. ----

interface Unit { text: string; kind: string; tokens: number[] }
/** A unit of the chosen kind; `of`: indices of the map's own units that it joins. */
interface JoinedUnit extends Unit { of: number[] }
interface Target extends Span { text: string; value: number | null }
/** A map before what can be told from the rest is filled in. */
type RawMap = Omit<ScoreMap, "label" | "tokenwise" | "rowsBy"> & { label?: string; rowsBy?: ScoreMap["rowsBy"] };
/** Any kind of scores, in one form (shared/maps.js). */
interface ScoreMap {
  id: string;
  method: string;
  label: string;
  objective: string;
  options?: Record<string, string>;
  signed: boolean;
  /** Every unit is one token. */
  tokenwise: boolean;
  /** What a row is: of one answer token, of the whole answer, of a block. */
  rowsBy: "token" | "answer" | "block";
  /** Several targets at one place: its most probable tokens. */
  alternatives?: boolean;
  units: Unit[];
  targets: Target[];
  scores: Numbers[];
  errors?: Numbers[];
  completeness?: Completeness;
  noise?: number;
  faithfulness?: Faithfulness;
  plausibility?: Plausibility;
  sensitivity?: Numbers;
}
interface Turn extends Span { role: string }
interface Prompt { tokens: string[]; text: string; spans: Interval[]; turns: Turn[] }
interface Scale {
  top: number;
  signed: boolean;
  /** [-1, 1] on the scale. */
  place(score: number): number;
  bytes(score: number): number[];
  css(score: number): string;
  cssAt(place: number): string;
  /** A readable ink on the score's colour. */
  ink(score: number): string;
}
interface AttentionToken { text: string; predicts: string | null }
/** One kind of attention (shared/attention.js). */
interface AttentionPart {
  kind: AttentionKind;
  title: string;
  answerRow: number;
  blocks: number[];
  heads: number[];
  rows: AttentionToken[];
  keys: AttentionToken[];
  row(block: number, head: number, query: number): Float32Array | null;
  has(block: number, head: number): boolean;
  first(block: number, head: number): number;
  headsOf(block: number): number[];
  keptHeads(block: number): number[];
}
interface NeuronEntry { k: number; dot: number; score: number; weight: number }
/** Heads that share their keys, with queries and keys (shared/neurons.js). */
interface NeuronGroup {
  kind: AttentionKind;
  block: number;
  heads: number[];
  firstRow: number;
  rowCount: number;
  size: number;
  rows: AttentionToken[];
  keyTokens: AttentionToken[];
  scale: number;
  softcap: number;
  hasBias: boolean;
  visible(query: number): Interval;
  query(head: number, query: number): Float32Array;
  key(k: number): Float32Array;
  bias(head: number, query: number, k: number): number;
  sink(head: number): number | null;
  look(head: number, query: number): NeuronEntry[];
}

// ---- The report and its views. ----

interface Loaded { name: string; result: Result; maps: ScoreMap[]; prompt: Prompt }
interface State {
  view: string | null;
  which: number;
  map: string | null;
  unit: string;
  aggregation: string;
  sign: string;
  contrast: number;
  theme: string;
  span: Span | null;
  hover: Span | null;
  row: number | null;
  source: number | null;
  stacks: boolean;
}
interface Store<T> {
  state: T;
  set(patch: Partial<T>): void;
  on(listen: (changes: Set<string>) => void): () => void;
}
interface Context extends Store<State> {
  version?: string;
  results: Loaded[];
  live: HTMLElement;
  readonly result: Result;
  readonly maps: ScoreMap[];
  readonly prompt: Prompt;
  at(): Loaded;
  map(): ScoreMap;
  announce(text: string): void;
  current(): { definition: ViewDefinition; view: View; element: HTMLElement };
  remembered?: Map<string, any>;
}
type Table = (string | number | null)[][];
interface View {
  update?(changes: Set<string>): unknown;
  close?(): void;
  /** Undefined: the current map's scores are exported instead. */
  csv?(): { name: string; rows: Table } | undefined;
}
interface ViewDefinition {
  name: string;
  title: string;
  order?: number;
  hint?: string;
  controls?: string[];
  serves(result: Result, context: Context): boolean;
  view(root: HTMLElement, result: Result, context: Context): View | undefined;
}
interface ReportData { version?: string; results: { name: string; result: Result }[] }
interface Report { context: Context; close(): void }
interface Answer { tokens: string[]; logprobs: number[]; options: HTMLElement[]; list: HTMLElement; detail: HTMLElement; element: HTMLElement }
interface Shown { map: ScoreMap; units: JoinedUnit[]; rows: number[]; values: number[]; clipped: number | null; signed: boolean; scale: Scale; ranks?: number[] }
/** What the matrix view draws. */
interface Cells {
  rows: number;
  columns: number;
  at(row: number): Numbers;
  rowText(row: number): string;
  columnText(column: number): string;
  tell(row: number, column: number): Child[];
}
/** A sentence of the answer or a passage of the prompt, in the view Why. */
interface WhyPlace { side: "sentence" | "passage"; index: number }
/** A sentence that rests on a passage. */
interface WhyRest { sentence: number; source: WhySource }
interface WhyAnswer { options: HTMLElement[]; list: HTMLElement; element: HTMLElement }
/** `facts[p]`: lines of numbers of passage p, by sentence; under -1 what is shown while no sentence is chosen. */
interface WhyPrompt { items: HTMLElement[]; facts: Map<number, HTMLElement>[]; list: HTMLElement; element: HTMLElement }
type Choice = [any, string];
type Row = string[] | null | undefined | false;
interface Point { x: number; y: number }

// ---- The application. ----

interface ModelFacts { id: string; kind: string; has_chat_template?: boolean; default_methods?: string[]; [key: string]: any }
interface MethodFacts { name: string; help: string }
/** The keys of a request that the form knows. */
interface RequestBody { method?: string[]; views?: string[]; unit?: string; answer?: string; max_new_tokens?: number; logit_lens?: number; [key: string]: any }
interface Run { number: number; body: RequestBody; result: Result }
interface Progress { stage: string; done: number; ahead?: number }
interface Work {
  element: HTMLElement;
  begin(): void;
  token(text: string): void;
  progress(progress: Progress): void;
  end(): void;
  fail(message: string): void;
}
interface RunHistory {
  element: HTMLElement;
  runs: Run[];
  shown: Run | null;
  other: Run | null;
  show(run: Run): void;
  add(body: RequestBody, result: Result): Run;
}
interface Field<Input = HTMLTextAreaElement> { input: Input; element: HTMLElement }
interface Inputs { elements: Child[]; body(): RequestBody; takes(body: RequestBody): boolean; fill(body: RequestBody): void }
interface RequestForm { element: HTMLElement; body(): RequestBody; problem(): string | null; fill(body: RequestBody): void; setBusy(busy: boolean): void }

/** The page's one global. Each member is described where it is assigned. */
interface Llmx {
  // core.js
  view(definition: ViewDefinition): void;
  views(): ViewDefinition[];
  h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, properties?: Record<string, any>, ...children: Child[]): HTMLElementTagNameMap[Tag];
  s<Tag extends keyof SVGElementTagNameMap>(tag: Tag, properties?: Record<string, any>, ...children: Child[]): SVGElementTagNameMap[Tag];
  store<T extends object>(initial: T): Store<T>;
  id(stem: string): string;
  framed(f: () => void): () => void;
  closest(event: Event, selector: string): HTMLElement | null;
  focus(root: Element, name: string | undefined): void;
  pen(canvas: HTMLCanvasElement, options?: CanvasRenderingContext2DSettings): CanvasRenderingContext2D;
  // controls.js
  select(options: { label: string; choices: (Choice | { label: string; options: Choice[] })[]; value: any; onchange: (value: string) => void; name?: string }): HTMLElement;
  segmented(options: { label: string; choices: Choice[]; value: any; onchange: (value: any) => void; name?: string }): HTMLElement;
  slider(options: { label: string; min: number; max: number; step: number; value: number; oninput: (value: number) => void; name?: string; text?: (value: number) => string }): HTMLElement;
  checkbox(options: { label: string; value: boolean; onchange: (value: boolean) => void; name?: string }): HTMLElement;
  roving(root: Element, items: () => HTMLElement[], pick?: (index: number, event: KeyboardEvent) => void): void;
  lineStep(list: HTMLElement[], at: number, down: boolean): number;
  tooltip: { show(anchor: Element | Point, ...content: Child[]): void; hide(): void };
  tooltipRows(heading: string, rows: Row[]): HTMLElement[];
  legend(scale: Scale, clipped: number | null | undefined): HTMLElement;
  // colour.js
  theme(): "light" | "dark";
  scale(options: { top: number; contrast?: number; signed?: boolean; theme?: "light" | "dark" }): Scale;
  scaleTop(values: Iterable<number>): { top: number; clipped: number | null };
  categories(): string[];
  // numbers.js
  number(value: number | null | undefined): string;
  percent(value: number): string;
  shortest(value: number): number;
  curves(faithfulness: Faithfulness): HTMLElement;
  worth(map: ScoreMap, rows: number[]): HTMLElement[];
  // tokens.js
  tokenNodes(text: string): Node[];
  tokenName(text: string): string | null;
  tokenLabel(text: string, most?: number): string;
  spans(tokens: string[], partial: number[], joined: string): { text: string; spans: Interval[] };
  // units.js
  prompt(result: Result): Prompt;
  shownText(result: Result, prompt: Prompt, unit: { text: string; tokens: number[] }): string;
  answerTexts(result: Result): string[];
  unitKinds: Record<string, string>;
  groups(prompt: Prompt, kind: string): { role: string; tokens: number[] }[];
  aggregations: Record<string, string>;
  unitsOf(map: ScoreMap, prompt: Prompt, kind: string): JoinedUnit[];
  aggregate(row: Numbers, units: JoinedUnit[], how: string): number[];
  // maps.js
  methodName(method: string): string;
  unpack(json: any): any;
  maps(result: Result): ScoreMap[];
  rowsFor(map: ScoreMap, span: Span | null): number[];
  sumRows(map: ScoreMap, rows: number[]): Float64Array;
  // align.js
  align(a: string[], b: string[]): Interval[];
  spearman(x: Numbers, y: Numbers): number | null;
  overlap(x: Numbers, y: Numbers, top: number): number;
  // answer.js
  alternatives(context: Context, token: number): { map: string; row: number; text: string; p: number; written: boolean }[];
  ranks(values: Numbers): number[];
  answerColumn(context: Context, units: JoinedUnit[]): Float64Array | null;
  saysOf(context: Context, answer: Answer, shown: Shown): string;
  tokenDetail(context: Context, answer: Answer, span: Span | null): HTMLElement[];
  // attention.js
  wordLabel(text: string, most: number): string;
  floats(base64: string): Float32Array;
  attention(result: Result): AttentionPart[];
  /** In place of a head's number: the mean over heads. */
  meanHead: number;
  headName(head: number): string;
  attentionTokens(result: Result, kind: AttentionKind, count: number, side: "rows" | "keys"): AttentionToken[];
  attentionTitle(result: Result, kind: AttentionKind): string;
  leftOut(result: Result, about: string): HTMLElement | null;
  remembered<T extends object>(context: Context, name: string, initial: T): T;
  kindControl(parts: AttentionPart[], chosen: AttentionPart, onchange: (part: AttentionPart) => void): HTMLElement | false;
  blockControl(blocks: number[], value: number, oninput: (block: number) => void): HTMLElement;
  headButtons(heads: number[], chosen: Set<number>, onchange: () => void): HTMLElement;
  meanRow(part: AttentionPart, block: number, heads: number[], query: number): Float32Array | null;
  topKeys(row: Numbers, count: number): { k: number; v: number }[];
  heatmap(options: {
    rows: number; columns: number; width: number; height: number; label: string; name?: string; at?: Interval;
    cells: (row: number, column: number) => number | null; scale: () => Scale;
    tell: (row: number, column: number, place: Point) => void; pick?: (row: number, column: number) => void;
  }): { element: HTMLElement; paint(): void };
  // neurons.js
  neurons(result: Result): NeuronGroup[];
  // matrix.js
  matrix(root: HTMLElement, options: { label: string; onpick: (row: number, column: number) => void; announce: (text: string) => void }): {
    canvas: HTMLCanvasElement; stats: { draws: number; longest: number };
    show(cells: Cells, scale: Scale, keep: boolean): void; mark(rows: number[]): void; close(): void;
  };
  // snapshot.js
  snapshot(element: HTMLElement): SVGSVGElement;
  svgText(picture: SVGSVGElement): string;
  png(picture: SVGSVGElement): Promise<Blob>;
  // export.js
  save(name: string, content: Blob | string, type?: string): void;
  csv(rows: Table): string;
  resultText(result: Result): string;
  exports: Record<string, (context: Context) => void | Promise<void>>;
  exportMenu(context: Context): HTMLElement;
  // report.js
  shown(context: Context, options?: { map?: ScoreMap; units?: JoinedUnit[] }): Shown;
  report(root: HTMLElement, data: ReportData): Report;
  // app/
  examples: RequestBody[];
  client: {
    ServiceError: new (message: string, status: number) => Error & { status: number };
    setKey(text: string): void;
    get(path: string): Promise<any>;
    explain(body: RequestBody, signal: AbortSignal, on: Pick<Work, "token" | "progress">): Promise<Result>;
  };
  textField(options: { label: string; name: string; rows: number; hint?: string }): Field;
  asked(body: RequestBody): string;
  inputs(model: ModelFacts): Inputs;
  requestForm(options: { model: ModelFacts; methods: MethodFacts[]; work: HTMLElement; onsubmit: () => void; oncancel: () => void }): RequestForm;
  work(): Work;
  history(options: { onchange: () => void; onedit: (run: Run) => void }): RunHistory;
  /** Set by the application: builds the page in place of a report. */
  main?(root: HTMLElement, data: any): void;
}

declare var llmx: Llmx;
interface Window { llmx: Llmx }
