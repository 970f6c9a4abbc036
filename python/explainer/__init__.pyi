from explainer.auto import AutoModelForCausalLM as AutoModelForCausalLM
from explainer.auto import AutoModelForQuestionAnswering as AutoModelForQuestionAnswering
from explainer.auto import AutoModelForSeq2SeqLM as AutoModelForSeq2SeqLM
from explainer.auto import AutoTokenizer as AutoTokenizer
from explainer.demo import demo_model as demo_model
from explainer.errors import CancelledError as CancelledError
from explainer.errors import ContextOverflowError as ContextOverflowError
from explainer.errors import Error as Error
from explainer.errors import InputError as InputError
from explainer.errors import InternalError as InternalError
from explainer.errors import ModelError as ModelError
from explainer.errors import OutputError as OutputError
from explainer.errors import UnsupportedError as UnsupportedError
from explainer.errors import UsageError as UsageError
from explainer.explainer import Explainer as Explainer
from explainer.extra import ModelExplanationTask as ModelExplanationTask
from explainer.models import Model as Model
from explainer.models import explain as explain
from explainer.models import load as load
from explainer.models import methods as methods
from explainer.models import quantize as quantize
from explainer.result import Result as Result
from explainer.result import load_result as load_result
from explainer.tokenizer import Tokenizer as Tokenizer

__version__: str
